"""Turns: who gains much goes on, who has nothing left leaves, and a round that gains little is the last."""

from __future__ import annotations

from collections.abc import Iterator

from computeroute.solvers.market.improving.turns import fades, take_turns


class Falling:
    """A value that ways make fall, and who was asked."""

    def __init__(self) -> None:
        self.value, self.asked = 1000.0, ""

    def way(self, name: str, *gains: float) -> Iterator[None]:
        for gain in gains:
            self.asked += name
            self.value -= gain
            yield

    def run(self, *ways: Iterator[None], most: int = 100, long: tuple[Iterator[None], ...] = ()) -> str:
        take_turns(ways, lambda: self.value, lambda: len(self.asked) >= most, long)
        return self.asked


def test_one_that_gains_much_goes_on_before_the_next_is_asked() -> None:
    falling = Falling()
    # Of 1000, 0.03 is much and 0.001 little; the second round gains nothing.
    assert falling.run(falling.way("a", 1, 1, 0.02, 0, 1), falling.way("b", 0, 0, 0)) == "aaabab"


def test_one_that_ends_is_asked_no_more() -> None:
    falling = Falling()
    assert falling.run(falling.way("a", 1), falling.way("b", 0.01, 0.01, 0)) == "abbb"


def test_ways_that_take_long_wait_until_a_round_of_the_others_gains_little() -> None:
    falling = Falling()
    # Of 1000, 0.03 is little for a round: the first one of a and b gains more, the second less.
    ways = falling.way("a", 0.02, 0.01, 0), falling.way("b", 0.02, 0.01, 0)
    assert falling.run(*ways, long=(falling.way("C", 0.02, 0),)) == "ababCabC"


def test_ways_that_take_long_have_their_turns_where_there_are_no_others() -> None:
    falling = Falling()
    assert falling.run(long=(falling.way("C", 1, 0.02, 0), falling.way("D", 0, 0))) == "CCDCD"


def test_nobody_is_asked_when_time_is_over() -> None:
    falling = Falling()
    assert falling.run(falling.way("a", *[1.0] * 9), falling.way("b", 1), most=3) == "aaa"
    assert falling.run(falling.way("a", 1), most=0) == "aaa"


def test_a_gain_fades_when_little_of_it_is_recent() -> None:
    # After 10 s the recent part begins at 7 s: 100 was gained in all, and from then on 4, 6, or everything.
    assert fades([(0, 200.0), (7, 104.0), (10, 100.0)])
    assert not fades([(0, 200.0), (7, 106.0), (10, 100.0)])
    assert not fades([(0, 200.0), (10, 100.0)])
    assert not fades([(0, 200.0), (10, 200.0)])
