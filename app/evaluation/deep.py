"""The transformer and its blend on the corpus, each template read by networks that saw nothing of its technology.

Of each fold's training families a quarter is kept from the network, to fit the blend and the confidence on, so that
nothing of the scored technology plays a part; the shipped model, whose blend is fitted out of fold, learns from more.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.evaluation.readers import Answers, of_readings
from app.jobs import classifier_course as course_of
from app.jobs.classifier_course import Course, Seen
from models.analyse.blend import BlendState, blended, of_network
from models.learn.classifier import Recipe

Ints = NDArray[np.int64]
#: Of a fold's training families one in so many fits the blend.
PARTS: Final = 4


def left_out(course: Course, folds: Sequence[tuple[Ints, Ints]], seed: int) -> dict[str, tuple[Answers, Answers]]:
    """By reader ("blend", "transformer"): the answers to every template and to every non-error, in their order."""
    pieces: dict[str, list[tuple[Seen, list[Answers]]]] = {"blend": [], "transformer": []}
    numbers = np.arange(len(course.kernel.other_texts))
    for fold, (train, test) in enumerate(folds):
        held = numbers[numbers % len(folds) == fold]
        seen, blend = _read(course, train, numbers[numbers % len(folds) != fold], (test, held), seed)
        outputs, n = seen.outputs(), len(test)
        answers = {"blend": blended(seen.readings, outputs, blend, ""), "transformer": of_network(outputs, seen.readings, "")}
        for name, readings in answers.items():
            pieces[name].append((seen, [of_readings(readings[:n]), of_readings(readings[n:])]))
    return {name: (_ordered([(seen.rows, answers[0]) for seen, answers in found]),
                   _ordered([(seen.others, answers[1]) for seen, answers in found])) for name, found in pieces.items()}


def _read(course: Course, train: Ints, others: Ints, test: tuple[Ints, Ints], seed: int) -> tuple[Seen, BlendState]:
    """What is said of the test part, and the blend that was fitted on a quarter of the training families."""
    recipe, parts = Recipe(), course_of.folds(course, train, others, PARTS)[0]
    model = course_of.network(course, parts[0], recipe, seed)
    calibration = course_of.asked(course, model, course_of.kernel_of(course, parts[0], parts[1]), parts[2], parts[3])
    calibration = course_of.with_confidence(course, model, calibration)
    seen = course_of.asked(course, model, course_of.kernel_of(course, train, others), *test)
    return course_of.confident(course, model, seen), course_of.blend_of(course, calibration)


def _ordered(pieces: Sequence[tuple[Ints, Answers]]) -> Answers:
    order = np.argsort(np.concatenate([rows for rows, _ in pieces]))
    names = ("severity", "category", "confidence", "action")
    return Answers(*(np.concatenate([getattr(answers, name) for _, answers in pieces])[order] for name in names))
