package dev.fathom.labs.generative;

import dev.fathom.nets.Diffusion;
import dev.fathom.nn.Conv;
import dev.fathom.nn.ConvTransposed;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.GroupNorm;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Net;
import dev.fathom.op.Activation;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/**
 * A small U-net (Ronneberger et al. 2015) that predicts the noise in images of 28 x 28 pixels. It works on maps of 14 x
 * 14, whose channels are squares of 2 x 2 pixels, and of 7 x 7, and every block reads the step.
 */
record NoiseNet(
        Embedding step,
        Conv in,
        Block down,
        Conv shrink,
        Block middle,
        Block deep,
        ConvTransposed grow,
        Conv join,
        Block up,
        Conv out)
        implements Net, Diffusion.Predictor {
    private static final int TIME = 64;

    /** x + conv(silu(norm(conv(silu(norm(x))) + W step))), with maps that keep their size. */
    record Block(GroupNorm norm1, Conv conv1, Linear step, GroupNorm norm2, Conv conv2) implements Net {
        Block(int channels) {
            this(
                    new GroupNorm(8, channels),
                    new Conv(channels, channels, 3).pad(1),
                    new Linear(TIME, channels),
                    new GroupNorm(8, channels),
                    new Conv(channels, channels, 3).pad(1).withWeight(Init.zeros()));
        }

        Tensor apply(Tensor x, Tensor t) {
            return Pass.frame(this, () -> {
                Tensor shift = step.apply(t).reshape(x.dim(0), 1, 1, x.dim(3));
                Tensor inner = conv1.apply(norm1.apply(x).silu()).add(shift);
                return x.add(conv2.apply(norm2.apply(inner).silu()));
            });
        }
    }

    /** A net for so many steps, with {@code channels} on its larger maps. */
    NoiseNet(int steps, int channels) {
        this(
                new Embedding(steps, TIME),
                new Conv(4, channels, 3).pad(1),
                new Block(channels),
                new Conv(channels, 2 * channels, 4).stride(2).pad(1),
                new Block(2 * channels),
                new Block(2 * channels),
                new ConvTransposed(2 * channels, channels, 4).stride(2).pad(1),
                new Conv(2 * channels, channels, 1).act(Activation.SILU),
                new Block(channels),
                new Conv(channels, 4, 3).pad(1));
    }

    @Override
    public Tensor noise(Tensor x, Tensor t) {
        Tensor seen = in.apply(x.pixelUnshuffle(2));
        Tensor time = step.apply(t).silu();
        Tensor wide = down.apply(seen, time);
        Tensor narrow = deep.apply(middle.apply(shrink.apply(wide), time), time);
        Tensor joined = join.apply(Tensor.concat(3, grow.apply(narrow), wide));
        return out.apply(up.apply(joined, time)).pixelShuffle(2);
    }
}
