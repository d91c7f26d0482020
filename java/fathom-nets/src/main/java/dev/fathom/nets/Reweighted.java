package dev.fathom.nets;

import dev.fathom.nn.Steps;
import dev.fathom.nn.WeightedLayer;
import dev.fathom.parameter.Parameter;

/** A layer around a weighted layer, to which it gives another weight that it computes from the layer's own. */
interface Reweighted extends WeightedLayer {
    /** The layer that is given a weight. */
    WeightedLayer layer();

    @Override
    default Parameter weight() {
        return layer().weight();
    }

    @Override
    default Steps stepReading() {
        return layer().stepReading();
    }
}
