"""A PyTorch module as a plain function of its parameters, one that can be differentiated as often as needed."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch.func import functional_call
from torch.nn.parameter import is_lazy

from curldescent.foundation.errors import InputError

# Below so many multiplications in one pass over the data threads wait for each other longer than they work.
WORTH_THREADS = 1e7

# Nodes of the graph at which derivatives end without a word.
STOPS = {
    "torch::autograd::Error": "a layer's backward pass is marked with once_differentiable",
    "CheckpointFunctionBackward": "a checkpoint hides its parameters: give it use_reentrant=False",
}


class ModuleFunction:
    """f(θ, x) of a module, with θ in the order of its parameters and in the type of the analysis.

    The module is not copied and not changed: it runs with other tensors in place of its own.

    Args:
        module: as the user has it, compiled or data parallel too.
        dtype: of all arithmetic.

    Attributes:
        parameters: names to the parameters that require a gradient.

    Raises:
        InputError: parameters that are none yet, complex, without values, or none that requires a gradient.
    """

    def __init__(self, module: Any, dtype: torch.dtype) -> None:
        self._dtype = dtype
        named = dict(module.named_parameters())
        for name, p in named.items():
            if is_lazy(p):
                raise InputError(f"parameter {name!r} has no shape yet: run the lazy module once")
            if p.is_meta:
                raise InputError(f"parameter {name!r} is on the meta device and has no values")
            if p.is_complex():
                raise InputError(f"parameter {name!r} must hold real numbers, got {p.dtype}")
        self.parameters = {name: p for name, p in named.items() if p.requires_grad}
        if not self.parameters:
            raise InputError("the module must have at least one parameter that requires a gradient")
        self._inside = module
        while (inner := _inner_name(self._inside)) is not None:
            self._inside = getattr(self._inside, inner)
        self._stage = _Stage(self._inside)
        # Every place of the module that holds a tensor, once: functional_call's own search for shared tensors meets
        # a module that is used twice two times, and then leaves the replacement in it.
        self._slots: list[tuple[str, int]] = []
        self._fixed: dict[int, torch.Tensor] = {}
        learning = {id(p) for p in self.parameters.values()}
        with torch.inference_mode(mode=False):
            for path, part in self._stage.named_modules():
                own = (part.named_parameters, part.named_buffers)
                for name, tensor in (pair for of in own for pair in of(recurse=False, remove_duplicate=False)):
                    self._slots.append((f"{path}.{name}", id(tensor)))
                    if id(tensor) not in learning:
                        self._fixed[id(tensor)] = self.cast(tensor.detach().clone())
        self._places = [(id(p), p.shape, p.numel(), p.device) for p in self.parameters.values()]
        self.device = self._places[0][3]

    def cast(self, tensor: torch.Tensor) -> torch.Tensor:
        """Real and complex numbers in the precision of the analysis; whole numbers stay."""
        if tensor.is_complex():
            return tensor.to(self._dtype.to_complex())
        return tensor.to(self._dtype) if tensor.is_floating_point() else tensor

    def at(self, theta: torch.Tensor, job: Callable[[Any], Any]) -> Any:
        """What a job finds with the module at θ; to be called within `plain`.

        Args:
            theta: parameters.
            job: a function of the module. Backward passes belong in it: checkpointed layers run again in them.
        """
        tensors, start = dict(self._fixed), 0
        for key, shape, size, device in self._places:
            tensors[key] = theta[start : start + size].reshape(shape).to(device)
            start += size
        parts = {slot: tensors[key] for slot, key in self._slots}
        return functional_call(self._stage, parts, (job,), tie_weights=False)

    def __call__(self, theta: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """The outputs at θ; to be called within `plain`."""
        return self.at(theta, lambda module: module(x))

    @contextmanager
    def plain(self, work: float) -> Iterator[None]:
        """Where the module runs on PyTorch's elementary operations, of which every derivative is known.

        Args:
            work: multiplications of one pass over the data.
        """
        threads = torch.get_num_threads()
        fast = torch.backends.mha.get_fastpath_enabled()
        held = [(m, {n: v for n, v in vars(m).items() if torch.is_tensor(v)}) for m in self._inside.modules()]
        with ExitStack() as stack:
            stack.enter_context(torch.inference_mode(mode=False))
            stack.enter_context(torch.enable_grad())
            stack.enter_context(torch.autocast(self.device.type, enabled=False))
            stack.enter_context(torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH))
            stack.enter_context(torch.compiler.set_stance("force_eager"))
            if self.device.type == "cuda":
                stack.enter_context(torch.backends.cudnn.flags(enabled=False))
            # PyTorch warns of its use of its own torch.jit.script, and where vmap goes one by one.
            stack.enter_context(warnings.catch_warnings())
            warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", DeprecationWarning)
            warnings.filterwarnings("ignore", "There is a performance drop because", UserWarning)
            torch.backends.mha.set_fastpath_enabled(False)
            if work < WORTH_THREADS:
                torch.set_num_threads(1)
            try:
                yield
            finally:
                torch.set_num_threads(threads)
                torch.backends.mha.set_fastpath_enabled(fast)
                # The older weight_norm and spectral_norm leave what they computed in the module.
                for m, tensors in held:
                    vars(m).update(tensors)

    def require_a_function(self, theta: torch.Tensor, x: torch.Tensor) -> tuple[int, ...]:
        """Refuse a module whose outputs are not a function of θ and of each sample alone; within `plain`.

        Args:
            theta: parameters.
            x: some samples, (P, …).

        Returns:
            The shape of the outputs of one sample, (1, …).

        Raises:
            InputError: not one tensor with a row per sample; random; changing; or mixing samples.
        """
        hint = "; it is in train mode: call its eval()" if self._inside.training else ""
        x = x[:3]
        start, held = theta.clone(), {key: value.clone() for key, value in self._fixed.items()}
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices), torch.no_grad():
            before = _random_state(devices)
            try:
                together, again = self(theta, x), self(theta, x)
                alone = [self(theta, sample) for sample in torch.split(x, 1)]
            except MemoryError:
                raise
            except Exception as problem:
                raise InputError(
                    f"the module cannot be run on single samples in {str(self._dtype).removeprefix('torch.')}: "
                    f"{_first_line(problem)}{hint}"
                ) from problem
            drawn = before != _random_state(devices)
            with explained("derivatives of the outputs"), torch.enable_grad():
                # Reentrant checkpoints show in the graph only where their inputs have a gradient.
                tracked = x.detach().clone()
                if tracked.is_floating_point():
                    tracked = tracked.requires_grad_().clone()
                followed = self(theta.detach().clone().requires_grad_(), tracked)
                if torch.is_tensor(followed):
                    require_graph(followed)
        for output in (together, *alone):
            if not torch.is_tensor(output):
                raise InputError(f"the module must return one tensor, got {type(output).__name__}: wrap it")
            if not output.is_floating_point():
                raise InputError(f"the module must return real numbers, got {output.dtype}")
        shape = tuple(alone[0].shape)
        if shape[:1] != (1,) or tuple(together.shape) != (len(x), *shape[1:]):
            raise InputError(f"the module must return one output row per sample, (1, O) for one, got shape {shape}")
        names = {key: slot.removeprefix("inner.") for slot, key in reversed(self._slots)}
        changed = [names[key] for key, value in held.items() if not torch.equal(value, self._fixed[key])]
        if changed or not torch.equal(start, theta):
            what = f"its buffer {changed[0]!r}" if changed else "its own parameters"
            raise InputError(f"the module must be a function, and it changes {what} when it runs{hint}")
        if drawn or not close(together, again):
            raise InputError(f"the module must be a function, and its outputs are random (dropout?){hint}")
        if not close(together, torch.cat(alone)):
            raise InputError(
                "the module must treat samples, along the first axis, independently, and an output depends on "
                f"others (batch normalisation? batch_first=False?){hint}"
            )
        return shape


class _Stage(torch.nn.Module):
    """Lets a function run while the module within has other parameters."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, job: Callable[[Any], Any]) -> Any:
        return job(self.inner)


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Say in a sentence that PyTorch could not do something; its own words behind, its error as the cause.

    Args:
        what: what was to be done.
    """
    try:
        yield
    except (InputError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as problem:
        raise InputError(f"PyTorch could not compute {what}: {_first_line(problem)}") from problem


def _inner_name(module: Any) -> str | None:
    if isinstance(module, torch.nn.DataParallel | torch.nn.parallel.DistributedDataParallel):
        return "module"
    return "_orig_mod" if hasattr(module, "_orig_mod") else None


def require_graph(output: torch.Tensor) -> None:
    """Refuse a derivative that stops within a layer.

    PyTorch raises for it only where it has to pass through, and otherwise gives the rest, silently.

    Args:
        output: what is to be differentiated.

    Raises:
        RuntimeError: a layer is differentiable once only, or hides its parameters.
    """
    seen, waiting = set(), [output.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if (reason := STOPS.get(node.name())) is not None:
            raise RuntimeError(reason)
        waiting += [after for after, _ in node.next_functions]


def _random_state(devices: list[torch.device]) -> list[bytes]:
    states = [torch.get_rng_state(), *(torch.cuda.get_rng_state(device) for device in devices)]
    return [state.numpy().tobytes() for state in states]


def close(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether two results are the same up to rounding: half of the digits of the largest value.

    Args:
        a: one.
        b: the other.
    """
    finite = a[a.isfinite()]
    scale = float(finite.abs().max()) if finite.numel() else 1.0
    return torch.allclose(a, b, rtol=0, atol=scale * torch.finfo(a.dtype).eps ** 0.5, equal_nan=True)


def _first_line(problem: Exception) -> str:
    lines = str(problem).strip().splitlines()
    return f"{type(problem).__name__}: {lines[0]}" if lines else type(problem).__name__
