import gc

from mitmeter.daemon.settle import settle


def test_what_there_was_before_settling_is_not_collected_again() -> None:
    lasting = ["lasting"]
    thresholds = gc.get_threshold()
    settle()
    try:
        assert lasting not in gc.get_objects()
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
