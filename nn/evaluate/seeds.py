"""Which phantoms may be used for what. Every family is drawn by seed; the ranges never overlap.

Training and its validation see `TRAINING`. What is chosen by looking at results (recipes, a filter's strength) is
chosen on `CHOOSING`. Figures that are reported come from `HELD_OUT`, looked at for nothing else.
"""

TRAINING = range(800)
CHOOSING = range(800, 900)
HELD_OUT = range(900, 1000)
