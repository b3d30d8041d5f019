"""Curl descent as an optimizer in other people's training loops: optax and PyTorch, the same update in both.

`curl_descent` is the optax GradientTransformation; `cd.optimizers.torch.curl_descent` the PyTorch optimizer of the same
name. Both are optional extras: pip install 'curldescent[optimizers]' or 'curldescent[torch]'.
"""

from curldescent.model.signatures import Signature
from curldescent.optimizers import optax, torch
from curldescent.optimizers.optax import curl_descent, scale_by_signature

__all__ = ["Signature", "curl_descent", "optax", "scale_by_signature", "torch"]
