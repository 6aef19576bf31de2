"""Known answers for anybody's instrument: detectors of what happens in a run, and estimators of numbers.

assert_certified(target, as_="spike", baseline="spike.json")    in a test: fails if the target got worse
certify(target, as_="spike")                                    what `bestiary certify` prints
"""

from bestiary.certify.testing import assert_certified, certify

__all__ = ["assert_certified", "certify"]
