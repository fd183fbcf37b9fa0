"""Sites that are left when those that serve cheapest are given up one by one, by hand and at random."""

from __future__ import annotations

import numpy as np
import pytest
from computeroute.solvers.market.answers.fewer_sites import sites_for, sites_left
from computeroute.solvers.market.answers.sites import whole_answer

from .test_serving import everywhere, offered, unit_of


def test_a_site_with_little_room_does_not_stand_for_one_with_much() -> None:
    # Ten requests/s, a replica each. Without a look at room, sites 0 and 1 seem to do, and then site 2, which
    # could serve all of the rest: 1 + 1 + 8 * 3 = 26. Best: 1 + 1 + 7 * 2 at site 3 + 3 = 19.
    unit = unit_of([[10.0]], [1.0] * 4, reach=everywhere(1, 4), sites=(2, None))
    found = whole_answer(unit, offered(unit, [1.0, 1.0, 3.0, 2.0]), np.array([[1.0, 1.0, 9.0, 7.0]]))
    assert found.replicas.tolist() == [[1.0, 1.0, 1.0, 7.0]]
    assert found.cost.tolist() == pytest.approx([19.0])


def test_a_site_that_saves_less_than_its_replicas_cost_is_given_up() -> None:
    # Four requests/s in the first of four periods: 2, 1 and 1 at three sites cost 4.5, and 3 * 3.5 to
    # stand in the others. Without site 1 it is 2 + 2 * 1.3 and 3 * 2.3; without site 2 somebody is left out.
    unit = unit_of([[4.0], [0.0], [0.0], [0.0]], [1.0] * 3, reach=everywhere(1, 3), sites=(2, None))
    most = np.tile([2.0, 1.0, 9.0], (4, 1))
    assert sites_left(unit, offered(unit, [1.0, 1.2, 1.3]), most, None).tolist() == [0, 2]


def test_what_stands_by_for_least_joins_where_too_few_sites_serve() -> None:
    unit = unit_of([[1.0]], [1.0] * 3, reach=everywhere(1, 3), sites=(2, None))
    assert sites_left(unit, offered(unit, [1.0, 5.0, 2.0]), np.full((1, 3), 9.0), None).tolist() == [0, 2]


@pytest.mark.parametrize("seed", range(60))
def test_as_many_sites_are_left_as_there_may_be(seed: int) -> None:
    rng = np.random.default_rng(seed)
    users, slots, periods = (int(n) for n in rng.integers((1, 3, 1), (5, 9, 4)))
    limits = (int(rng.integers(1, 4)), int(rng.integers(3, 5)))
    demand = rng.uniform(0.0, 3.0, (periods, users)).tolist()
    site = rng.integers(4, size=slots).tolist()
    unit = unit_of(demand, [1.0] * slots, reach=everywhere(users, slots), site=site, sites=limits)
    most = rng.integers(4, size=(periods, slots)).astype(float)
    able, left = sites_for(unit, most), sites_left(unit, offered(unit, [1.0] * slots), most, None)
    assert set(left.tolist()) <= set(able.tolist()) and len(set(left.tolist())) == len(left)
    assert len(left) <= limits[1] and len(left) >= min(limits[0], len(able))
