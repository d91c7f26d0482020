package dev.fathom.labs.restoration;

import dev.fathom.image.SeparableFilter;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.List;

/** What is done to images x [n, side, side, c] with values from 0 to 1, and the ways to repair it without a network. */
enum Damage {
    NOISE("noise", "Normal noise of deviation 0.2 is added to every pixel."),
    /** The means of blocks of 2 x 2 pixels, each in the place of its block. */
    RESOLUTION(
            "super-resolution",
            "Each block of 2 x 2 pixels becomes one, and the image is to be given back at its full size."),
    /** The hidden pixels are -1, which no pixel is. A larger image has more squares. */
    HOLES("inpainting", "Two squares of 8 x 8 pixels at random places are hidden; where they lie is known."),
    BLUR(
            "deblurring",
            "The image is blurred by a bell curve of deviation 1.5 pixels, and noise of deviation 0.01 is added.");

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
    Tensor of(Tensor x) {
        int side = x.dim(1);
        return switch (this) {
            case NOISE -> noisy(x, 0.2f);
            case RESOLUTION ->
                SeparableFilter.repeated(side / 2)
                        .apply(SeparableFilter.halved(side).apply(x));
            case HOLES -> hidden(x);
            case BLUR -> noisy(SeparableFilter.gaussian(side, WIDTH).apply(x), 0.01f);
        };
    }

    private static Tensor noisy(Tensor x, float deviation) {
        return x.add(Pass.current().randn(x.shape().toArray()).mul(deviation));
    }

    private static Tensor hidden(Tensor x) {
        int n = x.dim(0);
        int side = x.dim(1);
        int squares = Math.max(2, 2 * side * side / 1024);
        Shape corners = Shape.of(n, squares, 2, 1);
        Tensor at = Pass.current().uniform(corners, 0, side - HOLE + 1).floor();
        Tensor pixel = Tensor.arange(side).to(DType.F32);
        Tensor inside = pixel.ge(at).mul(pixel.lt(at.add(HOLE))); // [n, squares, rows or columns, side]
        Tensor rows = inside.slice(2, 0, 1).reshape(n, squares, side);
        Tensor columns = inside.slice(2, 1, 2).reshape(n, squares, side);
        Tensor covered = Tensor.einsum("nkh,nkw->nhw", rows, columns).unsqueeze(-1);
        return covered.expand(x.shape().toArray()).gt(0).where(Tensor.full(x.shape(), -1), x);
    }

    /** What a correcting network corrects: the damaged images y, or what a simple filter makes of them. */
    Tensor guess(Tensor y) {
        return switch (this) {
            case RESOLUTION -> Repair.bicubic(y);
            case HOLES -> Repair.filled(y, HOLE);
            default -> y.clamp(0, 1);
        };
    }

    /** The restored images, with the pixels that are known from the damaged images y. */
    Tensor kept(Tensor y, Tensor restored) {
        return this == HOLES ? y.ge(0).where(y, restored) : restored;
    }

    /** The damaged image as it is, and filters, some with several settings. */
    List<Repair> repairs() {
        return switch (this) {
            case NOISE ->
                List.of(
                        new Repair("noisy image", "", y -> y),
                        Repair.gaussian(0.4),
                        Repair.gaussian(0.6),
                        Repair.gaussian(0.8),
                        Repair.gaussian(1.1),
                        Repair.gaussian(1.5),
                        Repair.median(3),
                        Repair.median(5));
            case RESOLUTION ->
                List.of(
                        new Repair("pixels repeated", "", y -> y),
                        new Repair("bilinear", "", Repair::bilinear),
                        new Repair("bicubic", "", Repair::bicubic));
            case HOLES ->
                List.of(
                        new Repair("hidden pixels black", "", y -> y),
                        new Repair("mean of the image", "", Repair::meanFilled),
                        new Repair("means of neighbors", "", Repair::neighborFilled));
            case BLUR ->
                List.of(
                        new Repair("blurred image", "", y -> y),
                        Repair.unsharp(WIDTH, 0.5f),
                        Repair.unsharp(WIDTH, 1),
                        Repair.unsharp(WIDTH, 2),
                        Repair.unsharp(WIDTH, 3),
                        Repair.richardsonLucy(WIDTH, 3),
                        Repair.richardsonLucy(WIDTH, 10),
                        Repair.richardsonLucy(WIDTH, 30));
        };
    }
}
