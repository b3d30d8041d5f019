"""The two-weight network: what a flip does to the flow itself."""

import numpy as np

from curldescent.apps.demo.options import TourOptions
from curldescent.model.two_weights import TwoWeights
from curldescent.plots.report import Section
from curldescent.plots.two_weights import STARTS, flow_fields

TIME = 30.0


def run(options: TourOptions) -> Section:
    """Draw both flows and measure how well each path keeps its invariant."""
    rows, numbers = [], {}
    for name, shape, network in (
        ("GD", "hyperbola w1² − w2²", TwoWeights()),
        ("CD, w2 flipped", "circle w1² + w2²", TwoWeights(readout=-1.0)),
    ):
        paths = [network.trajectory(start, time=TIME) for start in STARTS]
        drift = max(float(np.ptp(network.invariant(path))) for path in paths)
        final = [float(network.loss(path[:, -1])) for path in paths]
        solved = sum(loss < 1e-6 for loss in final)
        rows.append([name, shape, f"{drift:.1e}", f"{solved} of {len(STARTS)}"])
        numbers[name] = {"invariant_drift": drift, "final_loss": final, "starts": STARTS}
    return Section(
        name="toy",
        title="Two weights: from hyperbolas to circles",
        text=(
            "ŷ = w2 w1 x learns y = x in continuous time. Gradient descent slides along hyperbolas w1² − w2² = "
            "const. and every solution attracts. With the rule of w2 flipped, weights move on circles w1² + w2² ="
            " const.: the origin turns from a saddle into a centre, only the half of the solutions with |w2| > "
            "|w1| attracts, and circles too small to meet the solutions are followed forever."
        ),
        columns=("rule", "conserved", "largest drift along a path", "paths that end at a solution"),
        rows=rows,
        numbers=numbers,
        figure=flow_fields(time=TIME),
    )
