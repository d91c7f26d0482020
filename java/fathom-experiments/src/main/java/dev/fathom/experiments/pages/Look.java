package dev.fathom.experiments.pages;

import dev.fathom.explain.Maps;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.op.Resize;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Shades;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** A network at work on one picture, and its numbers as sheets. */
public final class Look {
    private final Model<Layer> model;
    private final List<Maps> all;

    /** Runs the picture x [1, height, width, channels] of the current pass through the network. */
    public Look(Model<Layer> model, Tensor x) {
        this.model = model;
        this.all = Maps.all(model.net(), x);
    }

    /**
     * The name of the first convolution.
     *
     * @throws IllegalArgumentException if there is none
     */
    public String firstConvolution() {
        return model.parameters().stream()
                .filter(p -> p.shape().rank() == 4)
                .map(Parameter::name)
                .map(name -> name.substring(0, Math.max(0, name.lastIndexOf('.'))))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the network has no convolution to look into"));
    }

    /** What the network itself returned. */
    public float[] outputs() {
        return all.get(all.size() - 1).values();
    }

    /**
     * The maps of a layer.
     *
     * @throws IllegalArgumentException if there is no such layer, or it makes none
     */
    public Maps maps(String layer) {
        return all.stream()
                .filter(m -> m.layer().equals(layer) && m.shape().rank() == 3 && m.places() > 1)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "no layer called " + layer + " makes maps; there are " + String.join(", ", names())));
    }

    private List<String> names() {
        return all.stream()
                .filter(m -> m.shape().rank() == 3 && m.places() > 1)
                .map(Maps::layer)
                .toList();
    }

    /**
     * The last layer of each size of maps, before those that stand for the classes; of names for the same maps the
     * shortest.
     */
    public List<String> stages() {
        int outputs = outputs().length;
        Map<Shape, Maps> last = new LinkedHashMap<>();
        for (Maps m : all) {
            if (m.shape().rank() != 3
                    || m.places() == 1
                    || m.channels() == outputs
                    || m.layer().isEmpty()) {
                continue;
            }
            Shape size = Shape.of(m.shape().dim(0), m.shape().dim(1));
            Maps before = last.get(size);
            if (before == null
                    || !Arrays.equals(before.values(), m.values())
                    || m.layer().length() < before.layer().length()) {
                last.put(size, m);
            }
        }
        return last.values().stream().map(Maps::layer).toList();
    }

    /** The filters of a convolution: in color where it sees three channels, else of the first channel. */
    public ImageSheet filters(String convolution) {
        Parameter weight = model.parameter(convolution + ".weight");
        Shape shape = weight.shape();
        float[] values;
        try (Pass pass = Pass.infer()) {
            values = weight.value().toArray();
        }
        int channels = shape.dim(3) == 3 ? 3 : 1;
        int taps = shape.dim(1) * shape.dim(2);
        ImageSheet sheet = new ImageSheet(shape.dim(1), shape.dim(2), channels).columns(16);
        for (int k = 0; k < Math.min(64, shape.dim(0)); k++) {
            float[] filter = new float[taps * channels];
            for (int i = 0; i < filter.length; i++) {
                filter[i] = values[(k * taps + i / channels) * shape.dim(3) + i % channels];
            }
            sheet.add(Shades.signed(filter), "filter " + k);
        }
        return sheet;
    }

    /** The maps with the largest values, the largest first. */
    public static ImageSheet sheet(Maps maps, int count) {
        float[] most = new float[maps.channels()];
        for (int i = 0; i < maps.values().length; i++) {
            int c = i % most.length;
            most[c] = Math.max(most[c], maps.values()[i]);
        }
        int[] channels = IntStream.range(0, most.length)
                .boxed()
                .sorted(Comparator.comparingDouble(c -> -most[c]))
                .limit(count)
                .mapToInt(c -> c)
                .toArray();
        ImageSheet sheet = new ImageSheet(maps.shape().dim(0), maps.shape().dim(1), 1).columns(8);
        for (int c : channels) {
            sheet.add(Shades.gray(maps.channel(c)), "map " + c);
        }
        return sheet;
    }

    /** One channel [h, w] as large as a picture of {@code size}. */
    public static float[] enlarged(Maps map, int size) {
        try (Pass pass = Pass.infer()) {
            return Tensor.of(map.values(), 1, map.shape().dim(0), map.shape().dim(1), 1)
                    .resize(Resize.LINEAR, size, size)
                    .toArray();
        }
    }

    /**
     * The square around a place of pictures [size, size, 3], moved to lie within.
     *
     * @param row of its middle
     * @param column of its middle
     * @param side of it
     */
    public record Cut(int size, double row, double column, int side) {
        /** The pixels in it. */
        public byte[] of(byte[] pixels) {
            byte[] cut = new byte[side * side * 3];
            for (int r = 0; r < side; r++) {
                System.arraycopy(pixels, from(r), cut, r * side * 3, side * 3);
            }
            return cut;
        }

        /** The numbers in it. */
        public float[] of(float[] values) {
            float[] cut = new float[side * side * 3];
            for (int r = 0; r < side; r++) {
                System.arraycopy(values, from(r), cut, r * side * 3, side * 3);
            }
            return cut;
        }

        private int from(int r) {
            return ((within(row) + r) * size + within(column)) * 3;
        }

        private int within(double middle) {
            return (int) Math.max(0, Math.min(size - side, Math.round(middle - (side - 1) / 2.0)));
        }
    }

    /**
     * One number for each pixel of a picture of {@code size}, each with its neighbors of a square of {@code of} in
     * common.
     */
    public static float[] coarse(float[] values, int size, int of) {
        try (Pass pass = Pass.infer()) {
            return Tensor.of(values, 1, size, size, 1)
                    .resize(Resize.AREA, size / of, size / of)
                    .resize(Resize.LINEAR, size, size)
                    .toArray();
        }
    }

    /** The root of each magnitude, with its sign: what is small shows too. */
    public static float[] root(float... values) {
        float[] roots = new float[values.length];
        for (int i = 0; i < roots.length; i++) {
            roots[i] = (float) Math.copySign(Math.sqrt(Math.abs(values[i])), values[i]);
        }
        return roots;
    }
}
