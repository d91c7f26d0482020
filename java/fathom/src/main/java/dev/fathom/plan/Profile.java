package dev.fathom.plan;

import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What the time of a session goes to, call by call, in the order in which they run. The times are medians of several
 * runs of one command after the other, so that their sum is the time of a run but for what the processor does across
 * them.
 *
 * @param rows one for each call that runs kernels; views run none
 * @param micros the median of whole runs, in microseconds
 */
public record Profile(List<Row> rows, double micros) {
    /**
     * One call.
     *
     * @param where its op and the layer that it comes from, such as {@code linear at 0}
     * @param kernels that it runs, such as {@code GEMM}
     * @param shapes of its inputs and results
     * @param bytes of its inputs, its results, and its weights as they are packed
     * @param multiplyAdds that its formula needs
     * @param micros it takes, in microseconds
     */
    public record Row(String where, List<String> kernels, String shapes, long bytes, long multiplyAdds, double micros) {
        /**
         * Returns the share of the machine's bound that this call reaches: the time that it would take at these rates,
         * the longer of computing and of moving its bytes, over the time that it takes.
         *
         * @param flops floating-point operations in a second, two for each multiply-add
         * @param bandwidth bytes in a second, of the caches where the plan fits into them
         */
        public double shareOfBound(double flops, double bandwidth) {
            return Math.max(2 * multiplyAdds / flops, bytes / bandwidth) * 1e6 / micros;
        }
    }

    /** Returns a table with a line for each call: time, share of the sum, rates, kernels, place and shapes. */
    @Override
    public String toString() {
        return table(
                String.format(Locale.ROOT, "%9s %8s", "GFLOP/s", "GB/s"),
                row -> String.format(
                        Locale.ROOT,
                        "%9s %8.1f",
                        row.multiplyAdds == 0
                                ? ""
                                : String.format(Locale.ROOT, "%.1f", 2e-3 * row.multiplyAdds / row.micros),
                        1e-3 * row.bytes / row.micros));
    }

    /**
     * Returns a table with a line for each call, in which the share of the machine's bound stands in place of the
     * rates.
     *
     * @param flops as of {@link Row#shareOfBound}
     * @param bandwidth as of {@link Row#shareOfBound}
     */
    public String table(double flops, double bandwidth) {
        return table(
                "of bound", row -> String.format(Locale.ROOT, "%7.0f%%", 100 * row.shareOfBound(flops, bandwidth)));
    }

    private String table(String titles, Function<Row, String> columns) {
        double sum = rows.stream().mapToDouble(Row::micros).sum();
        return String.format(Locale.ROOT, "%10s %6s %s  call%n", "us", "share", titles)
                + rows.stream()
                        .map(r -> String.format(
                                Locale.ROOT,
                                "%10.1f %5.1f%% %s  %s: %s, %s%n",
                                r.micros,
                                100 * r.micros / sum,
                                columns.apply(r),
                                r.where,
                                String.join(" ", r.kernels).toLowerCase(Locale.ROOT),
                                r.shapes))
                        .collect(Collectors.joining())
                + String.format(Locale.ROOT, "%10.1f in all, %.1f in one run%n", sum, micros);
    }
}
