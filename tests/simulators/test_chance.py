from simulators.chance import Chance


def draws(seed: str) -> list[float]:
    chance = Chance(seed)
    return [chance.random(), chance.uniform(5, 6), chance.randint(1, 9), chance.gauss(10, 1)]


def test_same_seed_same_draws_another_seed_others():
    assert draws("1/7") == draws("1/7") != draws("1/8")


def test_draws_differ_and_keep_to_their_bounds():
    chance = Chance("x")
    found = [chance.uniform(2, 3) for _ in range(100)]
    assert len(set(found)) == 100
    assert all(2 <= each <= 3 for each in found)
