package dev.fathom.nn;

import dev.fathom.tensor.Structure;

/** A node of a model's tree: a record, or a lambda that captures nothing. It may have any methods; see {@link Layer} for the usual one. */
public interface Net extends Structure.Member {
    /**
     * The net with another one in the place of the subnet of this name, as {@link Model#summary} shows names; everything else is shared:
     * {@code Net.replace(ResNet.resnet18(1000), "fc", new Linear(512, 5))}. So a net of many components is changed without listing them again.
     * {@link Model#replace} does this for a net whose parameters have values already.
     *
     * @throws IllegalArgumentException if no subnet is called so, or what holds it takes no net of the new kind
     */
    static <N extends Net> N replace(N net, String name, Net by) {
        return Structure.replace(net, Structure.child(net, name, Net.class), by);
    }
}
