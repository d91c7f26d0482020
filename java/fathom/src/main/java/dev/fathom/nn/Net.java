package dev.fathom.nn;

import dev.fathom.tree.Structure;

/**
 * A node of a model's tree: a record, or a lambda that captures nothing. It may have any methods; see {@link Layer} for
 * the usual one.
 */
public interface Net extends Structure.Member {
    /**
     * Returns a net in which another one takes the place of the subnet of this name, as {@link Model#summary} shows
     * names: {@code Net.replace(ResNet.resnet18(1000), "fc", new Linear(512, 5))}. Everything else is shared, so a net
     * of many components is changed without listing them again. {@link Model#replace} does this for a net whose
     * parameters have values already.
     *
     * @throws IllegalArgumentException if no subnet has this name, or the record or list that holds it does not take a
     *     net of the new type
     */
    static <N extends Net> N replace(N net, String name, Net by) {
        return Structure.replace(net, Structure.child(net, name, Net.class), by);
    }
}
