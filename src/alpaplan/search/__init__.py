"""Search for a good placement.

From the outside in:

- `planner.solve` searches with a method, decides between the best candidates, and predicts how
  the winner does.
- `methods/` has one file for each search method. A method gets a `search.Search` and makes
  attempts with it: `selection/` chooses replicas for the groups of a `partition` (`proposals/`
  suggests some of these), and `improve` takes the result further by random `moves/`.
- An attempt is a function of an `attempt.Attempt` and an item. `workers` run it in this process or
  in others, with a `budget` and a random generator of its own.
- `decide`, `prediction` and `bounds/` judge what was found.
"""
