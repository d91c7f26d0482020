package dev.fathom.experiments.pages;

import dev.fathom.nn.Conv;
import dev.fathom.nn.Model;
import dev.fathom.op.PadMode;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Shades;
import java.util.Arrays;
import java.util.List;

/**
 * A fixed filter, as image processing has had them before networks learned theirs; it is not flipped.
 *
 * @param name what it does
 * @param height rows
 * @param width columns
 * @param values row after row
 */
public record Kernel(String name, int height, int width, float... values) {
    private static final int MOST = 101;

    /** Nothing, edges, lines down and across (the stripes of ISLR's figure 10.7), a blur, and its opposite. */
    public static final List<Kernel> FIXED = List.of(
            parse("as it is", "0,0,0; 0,1,0; 0,0,0"),
            parse("edges", "-1,-1,-1; -1,8,-1; -1,-1,-1"),
            parse("vertical stripes", "-1,2,-1; -1,2,-1; -1,2,-1"),
            parse("horizontal stripes", "-1,-1,-1; 2,2,2; -1,-1,-1"),
            blur(),
            parse("sharpen", "0,-1,0; -1,5,-1; 0,-1,0"));

    /** The binomial coefficients, down and across. */
    private static Kernel blur() {
        float[] line = {1, 6, 15, 20, 15, 6, 1};
        float[] values = new float[49];
        for (int i = 0; i < 49; i++) {
            values[i] = line[i / 7] * line[i % 7] / 4096;
        }
        return new Kernel("blur", 7, 7, values);
    }

    /**
     * Reads {@code 0,-1,0; -1,5,-1; 0,-1,0}: a semicolon between rows, a comma between the numbers of one.
     *
     * @throws IllegalArgumentException if a number cannot be read, or the rows are not equally long
     */
    public static Kernel parse(String name, String text) {
        String[] rows = text.split(";", -1);
        int width = rows[0].split(",", -1).length;
        float[] values = new float[rows.length * width];
        for (int y = 0; y < rows.length; y++) {
            String[] numbers = rows[y].split(",", -1);
            if (numbers.length != width || rows.length > MOST || width > MOST) {
                throw new IllegalArgumentException("kernel " + text + ": row " + (y + 1) + " has " + numbers.length
                        + " numbers and the first " + width + "; give equally many, at most " + MOST + " x " + MOST);
            }
            for (int x = 0; x < width; x++) {
                try {
                    values[y * width + x] = Float.parseFloat(numbers[x].strip());
                } catch (NumberFormatException e) {
                    throw new IllegalArgumentException(
                            "kernel " + text + ": '" + numbers[x].strip()
                                    + "' is no number; write commas between numbers and semicolons between rows, as"
                                    + " in \"0,-1,0;-1,5,-1;0,-1,0\"",
                            e);
                }
                if (!Float.isFinite(values[y * width + x])) {
                    throw new IllegalArgumentException(
                            "kernel " + text + ": '" + numbers[x].strip() + "' is not finite");
                }
            }
        }
        return new Kernel(name, rows.length, width, values);
    }

    /** Whether its weights add up to nothing, so that it answers with 0 where an image does not change. */
    public boolean differences() {
        double sum = 0;
        double magnitude = 0;
        for (float v : values) {
            sum += v;
            magnitude += Math.abs(v);
        }
        return Math.abs(sum) <= 1e-6 * magnitude;
    }

    /** Every picture [n, h, w, 1] under the filter, of the same size; beyond the edges is the closest pixel. */
    public Tensor of(Tensor pictures) {
        Parameter filter = new Parameter(Shape.of(1, height, width, 1), (shape, rng) -> values.clone());
        Window window = Window.of(height, width).pad((height - 1) / 2, height / 2, (width - 1) / 2, width / 2);
        try (var model = Model.of(new Conv(filter, null, window, 1, PadMode.REPLICATE, null), 0)) {
            return model.net().apply(pictures);
        }
    }

    /**
     * A photograph under the filter: differences as their magnitude in gray, where white is what only one place in 200
     * exceeds; all else in color.
     *
     * @param pixels [size, size, 3]
     */
    public byte[] of(byte[] pixels, int size) {
        int n = size * size;
        float[] planes = new float[differences() ? n : 3 * n];
        for (int i = 0; i < n; i++) {
            float r = pixels[3 * i] & 255;
            float g = pixels[3 * i + 1] & 255;
            float b = pixels[3 * i + 2] & 255;
            if (differences()) {
                planes[i] = 0.299f * r + 0.587f * g + 0.114f * b;
            } else {
                planes[i] = r;
                planes[n + i] = g;
                planes[2 * n + i] = b;
            }
        }
        float[] y;
        try (Pass pass = Pass.infer()) {
            y = of(Tensor.of(planes, planes.length / n, size, size, 1)).toArray();
        }
        float white = 255;
        if (differences()) {
            for (int i = 0; i < n; i++) {
                y[i] = Math.abs(y[i]);
            }
            float[] sorted = y.clone();
            Arrays.sort(sorted);
            white = Math.max(1, sorted[n - 1 - n / 200]);
        }
        byte[] result = new byte[3 * n];
        for (int i = 0; i < n; i++) {
            for (int c = 0; c < 3; c++) {
                float v = 255 * y[differences() ? i : c * n + i] / white;
                result[3 * i + c] = (byte) Math.max(0, Math.min(255, Math.round(v)));
            }
        }
        return result;
    }

    /**
     * Its weights, 0 in the middle of gray, each as {@code scale} x {@code scale} pixels in the middle of a picture of
     * {@code size}.
     */
    public byte[] picture(int size) {
        byte[] shades = Shades.signed(values);
        int scale = Math.max(1, size / 2 / Math.max(height, width));
        byte[] picture = new byte[size * size * 3];
        Arrays.fill(picture, (byte) 230);
        int top = (size - scale * height) / 2;
        int left = (size - scale * width) / 2;
        for (int y = 0; y < scale * height; y++) {
            for (int x = 0; x < scale * width; x++) {
                byte shade = shades[y / scale * width + x / scale];
                Arrays.fill(picture, ((top + y) * size + left + x) * 3, ((top + y) * size + left + x) * 3 + 3, shade);
            }
        }
        return picture;
    }
}
