package dev.fathom.labs.crystals;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.experiments.data.Crystals;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.List;

/**
 * A graph network (Gilmer et al. 2017): sites begin with a vector h for their element, and in each round h[i] becomes
 * relu(U [h[i], sum of a[i, j] relu(W [h[i], h[j]])]) over the neighbors j. The property is a network of the mean of h
 * over the sites; the element of a hidden site is said from its h.
 *
 * @param embed from elements, of which one more stands for a hidden one
 * @param rounds of messages
 * @param energy from the mean of h
 * @param element from h of a site
 */
record CrystalNet(Linear embed, List<Round> rounds, Layer energy, Linear element) implements Net {
    private static final int WIDTH = 32;

    /**
     * A round of messages.
     *
     * @param message W
     * @param update U
     */
    record Round(Linear message, Linear update) implements Net {
        Round() {
            this(new Linear(2 * WIDTH, WIDTH).act(RELU), new Linear(2 * WIDTH, WIDTH).act(RELU));
        }

        /** From h [n, sites, WIDTH] along a [n, sites, sites]. */
        Tensor apply(Tensor h, Tensor a) {
            int n = h.dim(0);
            int sites = h.dim(1);
            Tensor from = h.unsqueeze(2).expand(n, sites, sites, WIDTH);
            Tensor to = h.unsqueeze(1).expand(n, sites, sites, WIDTH);
            Tensor messages = message.apply(Tensor.concat(3, from, to));
            Tensor sum = messages.mul(a.unsqueeze(3)).sum(2);
            return update.apply(Tensor.concat(2, h, sum));
        }
    }

    static CrystalNet of() {
        return new CrystalNet(
                new Linear(Crystals.ELEMENTS + 1, WIDTH).withoutBias(),
                List.of(new Round(), new Round()),
                new Sequential(new Linear(WIDTH, WIDTH).act(RELU), new Linear(WIDTH, 1)),
                new Linear(WIDTH, Crystals.ELEMENTS));
    }

    private Tensor sites(Tensor elements, Tensor a) {
        Tensor h = embed.apply(elements.oneHot(Crystals.ELEMENTS + 1));
        for (Round round : rounds) {
            h = round.apply(h, a);
        }
        return h;
    }

    /** The property [n, 1] of crystals with elements [n, sites] and neighbors a [n, sites, sites]. */
    Tensor energy(Tensor elements, Tensor a) {
        return energy.apply(sites(elements, a).mean(1));
    }

    /**
     * The cross-entropy of the element of one site of each crystal, which is drawn at random and hidden. It needs no
     * label.
     */
    Tensor hiddenLoss(Tensor elements, Tensor a) {
        int n = elements.dim(0);
        int sites = elements.dim(1);
        Tensor site = Pass.current().uniform(Shape.of(n, 1), 0, sites).floor();
        Tensor hidden = Tensor.arange(sites).to(DType.F32).eq(site);
        Tensor seen = hidden.where(Tensor.full(Shape.of(n, sites), Crystals.ELEMENTS), elements.to(DType.F32));
        Tensor h = sites(seen.to(DType.I32), a).mul(hidden.unsqueeze(2)).sum(1);
        Tensor truth = elements.to(DType.F32).mul(hidden).sum(1).to(DType.I32);
        return Loss.crossEntropy().of(element.apply(h), truth);
    }

    /** The vector of each element. */
    float[][] elements() {
        try (Pass pass = Pass.infer()) {
            return embed
                    .weight()
                    .value()
                    .transpose(0, 1)
                    .slice(0, 0, Crystals.ELEMENTS)
                    .chunk(0, Crystals.ELEMENTS)
                    .stream()
                    .map(Tensor::toArray)
                    .toArray(float[][]::new);
        }
    }
}
