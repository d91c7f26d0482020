package dev.fathom.labs.style;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Photographs;
import dev.fathom.image.Picture;
import dev.fathom.nn.Conv;
import dev.fathom.nn.InstanceNorm;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Residual;
import dev.fathom.nn.Sequential;
import dev.fathom.nn.Upsample;
import dev.fathom.op.PadMode;
import dev.fathom.op.Resize;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A feed-forward network for one style (Johnson, Alahi and Fei-Fei 2016, with the instance norms of Ulyanov et al. 2016
 * and upsampling before convolutions in place of transposed ones): it is trained to make the perceptual loss small in
 * one pass, and then paints any photograph.
 */
final class FastStyle {
    private FastStyle() {}

    /** Convolutions down to a quarter of the sides, residual blocks, and up again; 3 channels of 0 to 1 in and out. */
    static Sequential net(int width, int blocks) {
        List<Layer> layers = new ArrayList<>();
        add(layers, conv(3, width, 9, 1), width);
        add(layers, conv(width, 2 * width, 3, 2), 2 * width);
        add(layers, conv(2 * width, 4 * width, 3, 2), 4 * width);
        List<Layer> middle = new ArrayList<>();
        for (int i = 0; i < blocks; i++) {
            List<Layer> block = new ArrayList<>();
            add(block, conv(4 * width, 4 * width, 3, 1), 4 * width);
            block.add(conv(4 * width, 4 * width, 3, 1));
            block.add(InstanceNorm.affine(4 * width));
            middle.add(new Residual(new Sequential(block), null));
        }
        layers.add(new Sequential(middle));
        for (int out = 2 * width; out >= width; out /= 2) {
            layers.add(new Upsample(2, Resize.NEAREST));
            add(layers, conv(2 * out, out, 3, 1), out);
        }
        layers.add(conv(width, 3, 9, 1));
        layers.add(Tensor::sigmoid);
        return new Sequential(layers);
    }

    private static void add(List<Layer> layers, Conv conv, int channels) {
        layers.addAll(List.<Layer>of(conv, InstanceNorm.affine(channels), Tensor::relu));
    }

    private static Conv conv(int in, int out, int kernel, int stride) {
        return new Conv(in, out, kernel).stride(stride).pad(kernel / 2).edges(PadMode.REFLECT);
    }

    /** Squares cut from photographs at random places, as bytes. */
    static Dataset crops(List<Picture> photographs, int side, int count, long seed) {
        ByteBuffer all = ByteBuffer.allocate(count * side * side * 3);
        float[] places = new Rng(seed).split("crops").uniform(2 * count, 0, 1);
        for (int i = 0; i < count; i++) {
            Picture photo = photographs.get(i % photographs.size());
            int most = photo.height() - side;
            int widest = photo.width() - side;
            int top = Math.min(most, (int) (places[2 * i] * (most + 1)));
            int left = Math.min(widest, (int) (places[2 * i + 1] * (widest + 1)));
            all.put(Photographs.square(photo, top, left, side).pixels());
        }
        return Dataset.images(all.array(), Shape.of(side, side, 3), new int[count]);
    }

    /** Trains on crops, whose own content is to be kept. */
    static Run train(
            Lab lab, String name, Model<Sequential> model, PerceptualLoss loss, Dataset crops, int batch, int epochs) {
        try (Dataset scaled = crops.scaled(1f / 255, 0)) {
            Step<Sequential> step = (net, b) -> {
                var terms = loss.of(net.apply(b.x()), loss.content(b.x()));
                return new Step.Result(terms.total());
            };
            var trainer = Trainer.custom(model, new Adam(2e-3f), step).clipNorm(1);
            var batches = scaled.shuffled(lab.seed()).batches(batch).dropLast();
            return lab.train(name, "crops", trainer.seed(lab.seed()), batches, epochs);
        }
    }

    /**
     * A photograph painted by a frozen plan.
     *
     * @param milliseconds of a run, the median
     * @param same whether every pixel has the bits that the model gives
     */
    record Served(Picture picture, double milliseconds, boolean same) {}

    /** Freezes {@code model} for photographs of one size and runs it. */
    static Served served(Model<Sequential> model, Picture photo, int runs) {
        Shape shape = Shape.of(1, photo.height(), photo.width(), 3);
        float[] pixels;
        float[] eager;
        try (Pass pass = Pass.infer()) {
            Tensor x = photo.tensor();
            pixels = x.toArray();
            eager = model.net().apply(x).toArray();
        }
        try (Plan plan = Plan.freeze(model, shape);
                Session session = plan.newSession()) {
            double[] took = new double[runs];
            float[] painted = new float[eager.length];
            for (int i = 0; i < runs; i++) {
                long start = System.nanoTime();
                session.set(pixels);
                session.run();
                session.output().get(0, painted);
                took[i] = (System.nanoTime() - start) / 1e6;
            }
            Arrays.sort(took);
            try (Pass pass = Pass.infer()) {
                return new Served(
                        Picture.of(Tensor.of(painted, shape.toArray())), took[runs / 2], Arrays.equals(painted, eager));
            }
        }
    }
}
