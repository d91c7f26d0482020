package dev.fathom.labs.restoration;

import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.List;

/** What is done to images x [n, side, side, c] with values from 0 to 1, and the ways to repair it without a network. */
enum Damage {
    /** y = x + 0.2 z with z normal. */
    NOISE("noise", "Normal noise of deviation 0.2 is added to every pixel.") {
        @Override
        Tensor of(Tensor x) {
            return x.add(Pass.current().randn(x.shape().toArray()).mul(DEVIATION));
        }

        @Override
        List<Repair> repairs() {
            return List.of(
                    Repair.nothing("noisy image"),
                    Repair.gaussian(0.4),
                    Repair.gaussian(0.6),
                    Repair.gaussian(0.8),
                    Repair.gaussian(1.1),
                    Repair.gaussian(1.5),
                    Repair.median(3),
                    Repair.median(5));
        }
    },
    /** The means of blocks of 2 x 2 pixels, each in the place of its block. */
    RESOLUTION(
            "super-resolution",
            "Each block of 2 x 2 pixels becomes one, and the image is to be given back at its full size.") {
        @Override
        Tensor of(Tensor x) {
            return Separable.repeated(x.dim(1) / 2)
                    .of(Separable.halved(x.dim(1)).of(x));
        }

        @Override
        List<Repair> repairs() {
            return List.of(
                    Repair.nothing("pixels repeated"),
                    new Repair("bilinear", "", Repair::bilinear),
                    new Repair("bicubic", "", Repair::bicubic));
        }

        @Override
        Tensor guess(Tensor y) {
            return Repair.bicubic(y);
        }
    },
    /** Squares of 8 x 8 pixels at random places, two in an image of 32 x 32 pixels, are -1, which no pixel is. */
    HOLES("inpainting", "Two squares of 8 x 8 pixels at random places are hidden; where they lie is known.") {
        @Override
        Tensor of(Tensor x) {
            int side = x.dim(1);
            int squares = Math.max(2, 2 * side * side / 1024);
            Tensor at = Pass.current()
                    .uniform(Shape.of(x.dim(0), squares, 2, 1), 0, side - HOLE + 1)
                    .floor();
            Tensor pixel = Tensor.arange(side).to(DType.F32);
            Tensor inside = pixel.ge(at).mul(pixel.lt(at.add(HOLE))); // [n, squares, rows or columns, side]
            Tensor rows = inside.slice(2, 0, 1).reshape(x.dim(0), squares, side);
            Tensor columns = inside.slice(2, 1, 2).reshape(x.dim(0), squares, side);
            return Tensor.einsum("nkh,nkw->nhw", rows, columns)
                    .unsqueeze(-1)
                    .expand(x.shape().toArray())
                    .gt(0)
                    .where(Tensor.full(x.shape(), -1), x);
        }

        @Override
        Tensor guess(Tensor y) {
            return Repair.filled(y, HOLE);
        }

        @Override
        Tensor kept(Tensor y, Tensor restored) {
            return y.ge(0).where(y, restored);
        }

        @Override
        List<Repair> repairs() {
            return List.of(Repair.nothing("hidden pixels black"), Repair.meanFill(), Repair.neighborFill());
        }
    },
    /** A blur by a bell curve of deviation 1.5 pixels, with noise of deviation 0.01. */
    BLUR(
            "deblurring",
            "The image is blurred by a bell curve of deviation 1.5 pixels, and noise of deviation 0.01 is added.") {
        @Override
        Tensor of(Tensor x) {
            return Separable.gaussian(x.dim(1), WIDTH)
                    .of(x)
                    .add(Pass.current().randn(x.shape().toArray()).mul(0.01f));
        }

        @Override
        List<Repair> repairs() {
            return List.of(
                    Repair.nothing("blurred image"),
                    Repair.unsharp(WIDTH, 0.5f),
                    Repair.unsharp(WIDTH, 1),
                    Repair.unsharp(WIDTH, 2),
                    Repair.unsharp(WIDTH, 3),
                    Repair.richardsonLucy(WIDTH, 3),
                    Repair.richardsonLucy(WIDTH, 10),
                    Repair.richardsonLucy(WIDTH, 30));
        }
    };

    private static final float DEVIATION = 0.2f;
    private static final int HOLE = 8;
    private static final double WIDTH = 1.5;

    /** What its repair is called. */
    final String task;
    /** What is done, in a sentence. */
    final String words;

    Damage(String task, String words) {
        this.task = task;
        this.words = words;
    }

    /** Damages images; what is random comes from the pass. */
    abstract Tensor of(Tensor x);

    /** What a correcting network corrects: the damaged images y, or what a simple filter makes of them. */
    Tensor guess(Tensor y) {
        return y.clamp(0, 1);
    }

    /** The restored images, with what is known of them from the damaged images y. */
    Tensor kept(Tensor y, Tensor restored) {
        return restored;
    }

    /** The damaged image as it is, and filters, some with several settings. */
    abstract List<Repair> repairs();
}
