"""Search for a good placement.

From the outside in:

- `planner.solve` searches with a method, decides between the best candidates, predicts.
- `methods/` are the ways to search, a file each. A method gets a `search.Search`, and makes
  attempts with it: `selection/` chooses replicas for the groups of a `partition`, of which some
  are proposed by `proposals/`; `improve` walks on from there by random `moves/`.
- An attempt is a function of an `attempt.Attempt` and an item. `workers` run it, here or in
  other processes; it has a `budget` and a random generator of its own.
- `decide`, `prediction` and `bounds/` judge what was found.
"""
