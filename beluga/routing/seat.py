"""A candidate's place in a router."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from beluga.errors import invalid_input
from beluga.fitting import Fitter, Fitting
from beluga.health.record import Health
from beluga.model import ChatModel, Wrapper
from beluga.routing.candidate import Candidate
from beluga.schema import ModelInfo, OptionLayer, Request

__all__ = ["Seat", "seated"]

_NOTHING = OptionLayer()
_UNKNOWN = Health()


class Seat:
    """A candidate under its name, and the model through which it is asked.

    Attributes:
        name: Its name in this router.
        candidate: The candidate, under that name.
        model: Its model, which knows what the candidate was told to be, and fits requests.
        fits: Whether requests are made to fit its window.
    """

    name: str
    candidate: Candidate
    model: ChatModel
    fits: bool

    def __init__(self, candidate: Candidate, name: str, fitter: Fitter | None) -> None:
        self.name = name
        self.candidate = _changed(candidate, "name", name)
        self.fits = fitter is not None
        told = _Told(self.candidate)
        self.model = told if fitter is None else Fitting(told, fitter)
        self._overlay = candidate.overlay

    @property
    def info(self) -> ModelInfo:
        """What is known of the model."""
        return self.candidate.info

    def at(self, health: Health) -> Candidate:
        """Return the candidate with how it fares."""
        return self.candidate if health == _UNKNOWN else _changed(self.candidate, "health", health)

    def asks(self, request: Request) -> Request:
        """Return *request* as this candidate is asked it: with its options and its model's."""
        if self._overlay != _NOTHING:
            laid = OptionLayer(request.options, request.cleared).under(self._overlay)
            request = msgspec.structs.replace(request, options=laid.options, cleared=laid.cleared)
        defaults = self.candidate.model.defaults
        return request if defaults == _NOTHING else request.over(defaults)


class _Told(Wrapper):
    """A model of which is known what its candidate was told to be."""

    def __init__(self, candidate: Candidate) -> None:
        super().__init__(candidate.model)
        self._candidate = candidate

    @property
    def info(self) -> ModelInfo:
        return self._candidate.info


def seated(
    models: Iterable[ChatModel | Candidate],
    fallbacks: Iterable[ChatModel | Candidate],
    fitter: Fitter | None,
) -> tuple[tuple[Seat, ...], tuple[Seat, ...]]:
    """Give candidates and fallbacks their names, and check that none is there twice.

    Names that were not given and collide get `#2`, `#3`.

    Raises:
        InvalidInputError: There is no candidate, something is no model, a name is given twice, or
            the same model stands there twice without anything that tells them apart.
    """
    candidates, reserves = _candidates(models, "models"), _candidates(fallbacks, "fallbacks")
    if not candidates:
        raise invalid_input("a router needs a model to ask: Router([model, …])")
    everyone = [*candidates, *reserves]
    _check(candidates, reserves)
    seats = [
        Seat(candidate, name, fitter)
        for candidate, name in zip(everyone, _names(everyone), strict=True)
    ]
    return tuple(seats[: len(candidates)]), tuple(seats[len(candidates) :])


def _candidates(given: object, where: str) -> list[Candidate]:
    if isinstance(given, ChatModel | Candidate | str) or not isinstance(given, Iterable):
        raise invalid_input(f"Router takes {where} as a sequence of models; got {given!r:.80}")
    found: list[Candidate] = []
    for one in given:
        if not isinstance(one, ChatModel | Candidate):
            raise invalid_input(f"Router: {where} holds models and candidates; got {one!r:.80}")
        found.append(one if isinstance(one, Candidate) else Candidate(one))
    return found


def _check(candidates: Sequence[Candidate], reserves: Sequence[Candidate]) -> None:
    given = Counter([c.name for c in [*candidates, *reserves] if c.name is not None])
    for name, count in given.items():
        if count > 1:
            raise invalid_input(f"two candidates are named {name!r}; give each a name of its own")
    seen: set[tuple[int, str | None]] = set()
    for candidate in candidates:
        key = (id(candidate.model), candidate.name)
        if key in seen:
            raise invalid_input(
                f"{candidate.label!r} is a candidate twice; name each Candidate(model, name=…) "
                "if they differ in options"
            )
        seen.add(key)
    known = {id(candidate.model) for candidate in candidates}
    for reserve in reserves:
        if id(reserve.model) in known and reserve.options is None:
            raise invalid_input(f"the fallback {reserve.label!r} is among the candidates already")
        known.add(id(reserve.model))


def _names(candidates: Sequence[Candidate]) -> list[str]:
    taken = {candidate.name for candidate in candidates if candidate.name is not None}
    names: list[str] = []
    for candidate in candidates:
        name, number = candidate.label, 1
        while candidate.name is None and name in taken:
            number += 1
            name = f"{candidate.label}#{number}"
        taken.add(name)
        names.append(name)
    return names


def _changed(candidate: Candidate, field: str, value: object) -> Candidate:
    """Return a copy, whose other fields need not be checked again."""
    changed = copy.copy(candidate)
    msgspec.structs.force_setattr(changed, field, value)
    return changed
