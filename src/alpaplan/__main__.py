"""`python -m alpaplan`: the command, where it is not on the path."""

from alpaplan.cli import main

if __name__ == "__main__":  # worker processes import this, too
    main()
