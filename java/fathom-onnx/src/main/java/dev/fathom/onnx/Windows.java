package dev.fathom.onnx;

import dev.fathom.op.Window;
import java.util.Arrays;
import java.util.stream.IntStream;

/** What the attributes of convolutions and pools say of their windows. */
final class Windows {
    private Windows() {}

    static int[] ones(int n) {
        int[] all = new int[n];
        Arrays.fill(all, 1);
        return all;
    }

    /**
     * The window of a node over data of these sizes.
     *
     * @param kernel its size along each dimension
     */
    static Window of(Step s, int[] kernel, int... sizes) {
        int rank = kernel.length;
        int[] strides = s.wholes("strides", ones(rank));
        int[] dilations = s.wholes("dilations", ones(rank));
        Window w = of(kernel).stride(strides).dilation(dilations);
        return switch (s.text("auto_pad", "NOTSET")) {
            case "NOTSET" -> w.pad(interleaved(s.wholes("pads", new int[2 * rank])));
            case "VALID" -> w;
            case "SAME_UPPER" -> w.same();
            case "SAME_LOWER" -> {
                int[] pads = new int[2 * rank]; // an odd one lies in front
                for (int d = 0; d < rank; d++) {
                    int out = (sizes[d] + strides[d] - 1) / strides[d];
                    int extent = dilations[d] * (kernel[d] - 1) + 1;
                    int all = Math.max(0, (out - 1) * strides[d] + extent - sizes[d]);
                    pads[2 * d] = (all + 1) / 2;
                    pads[2 * d + 1] = all / 2;
                }
                yield w.pad(pads);
            }
            default -> throw new IllegalArgumentException("auto_pad " + s.text("auto_pad", "") + " is not computed");
        };
    }

    /** A window of these sizes, without stride and padding. */
    static Window of(int... kernel) {
        return switch (kernel.length) {
            case 1 -> Window.line(kernel[0]);
            case 2 -> Window.of(kernel[0], kernel[1]);
            case 3 -> Window.of(kernel[0], kernel[1], kernel[2]);
            default ->
                throw new IllegalArgumentException(
                        "a window of " + kernel.length + " dimensions is not computed, only of 1 to 3");
        };
    }

    /** ONNX has all beginnings and then all ends; here each dimension has both. */
    static int[] interleaved(int[] pads) {
        int n = pads.length / 2;
        return IntStream.range(0, 2 * n).map(i -> pads[i / 2 + i % 2 * n]).toArray();
    }
}
