package dev.fathom.files;

import dev.fathom.io.Bytes;
import dev.fathom.io.TensorFile;
import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The numbers of a tensor that lie in a file with strides, in row-major order: transposed, sliced, expanded or as they
 * are.
 */
final class View implements TensorFile.Source {
    /** Shorter runs of numbers are gathered from a copy in memory, if it is not too large for that. */
    private static final int SHORT_RUN = 4096;

    private static final long MOST_HELD = 1L << 30;

    private final Bytes data;
    private final long begin;
    private final int width;
    private final boolean swapped;
    /** Dimensions of the runs, and how many bytes lie between neighbors. */
    private final long[] dims;

    private final long[] steps;
    /** Bytes that lie one behind the other. */
    private final long run;

    private final long bytes;
    private final boolean held;
    private byte @Nullable [] copy;

    /**
     * The numbers from the byte {@code begin} on.
     *
     * @param strides how many numbers lie between neighbors of each dimension
     * @param width the bytes of a number
     * @param swapped whether their highest byte comes first
     */
    View(Bytes data, long begin, long[] dims, long[] strides, int width, boolean swapped) {
        this.data = data;
        this.begin = begin;
        this.width = width;
        this.swapped = swapped && width > 1;
        this.bytes = TensorFile.Entry.elements(dims) * width;
        // dimensions that continue each other become one
        long[] d = new long[dims.length];
        long[] s = new long[dims.length];
        int n = 0;
        for (int i = 0; i < dims.length; i++) {
            if (dims[i] == 1) {
                continue;
            }
            if (n > 0 && s[n - 1] == dims[i] * strides[i]) {
                d[n - 1] *= dims[i];
                s[n - 1] = strides[i];
            } else {
                d[n] = dims[i];
                s[n++] = strides[i];
            }
        }
        long inner = n > 0 && s[n - 1] == 1 ? d[--n] : 1;
        this.run = inner * width;
        this.dims = Arrays.copyOf(d, n);
        this.steps = Arrays.stream(s, 0, n).map(x -> x * width).toArray();
        long reach = span(dims, strides) * width;
        boolean dense = reach <= Math.max(4 * bytes, 1 << 16) && reach <= MOST_HELD;
        this.held = n > 0 && bytes > 0 && dense && (run < SHORT_RUN || Zip.sequential(data));
        if (n > 0 && bytes > 0 && !held && Zip.sequential(data)) {
            throw new IllegalArgumentException("a tensor is a view of " + reach
                    + " bytes that are compressed, which are too many to take it from; save it uncompressed, or"
                    + " contiguous");
        }
    }

    /**
     * How many numbers lie from the first to the last one, or -1 if no file holds so many; strides are not negative.
     */
    static long span(long[] dims, long[] strides) {
        long last = 0;
        for (int i = 0; i < dims.length; i++) {
            if (dims[i] == 0) {
                return 0;
            }
            if (strides[i] < 0 || dims[i] > 1 && strides[i] > (Long.MAX_VALUE >> 8) / (dims[i] - 1)) {
                return -1;
            }
            last += (dims[i] - 1) * strides[i];
            if (last > Long.MAX_VALUE >> 8) {
                return -1;
            }
        }
        return last + 1;
    }

    /** The strides of a tensor whose numbers follow each other, the last index running fastest. */
    static long[] rowMajor(long[] dims) {
        long[] strides = new long[dims.length];
        long stride = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= Math.max(dims[i], 1);
        }
        return strides;
    }

    /** The strides of a tensor whose numbers follow each other, the first index running fastest. */
    static long[] columnMajor(long[] dims) {
        long[] strides = new long[dims.length];
        long stride = 1;
        for (int i = 0; i < dims.length; i++) {
            strides[i] = stride;
            stride *= Math.max(dims[i], 1);
        }
        return strides;
    }

    @Override
    public void read(long at, byte[] to, int n) throws IOException {
        if (at > bytes - n) {
            throw new EOFException();
        }
        if (dims.length == 0) {
            data.read(begin + at, to, n);
        } else {
            gather(at, to, n);
        }
        if (swapped) { // whole numbers are asked for
            for (int i = 0; i + width <= n; i += width) {
                for (int a = i, b = i + width - 1; a < b; a++, b--) {
                    byte first = to[a];
                    to[a] = to[b];
                    to[b] = first;
                }
            }
        }
    }

    private void gather(long at, byte[] to, int n) throws IOException {
        byte[] from = held ? copied() : new byte[(int) Math.min(run, n)];
        for (int done = 0; done < n; ) {
            long within = (at + done) % run;
            int more = (int) Math.min(run - within, n - done);
            long place = place((at + done) / run) + within;
            if (held) {
                System.arraycopy(from, (int) place, to, done, more);
            } else {
                data.read(begin + place, from, more);
                System.arraycopy(from, 0, to, done, more);
            }
            done += more;
        }
        if (at + n == bytes) {
            copy = null;
        }
    }

    private long place(long index) {
        long place = 0;
        for (int i = dims.length - 1; i >= 0; i--) {
            place += index % dims[i] * steps[i];
            index /= dims[i];
        }
        return place;
    }

    /** All bytes from the first to the last number. */
    private byte[] copied() throws IOException {
        if (copy == null) {
            long last = run;
            for (int i = 0; i < dims.length; i++) {
                last += (dims[i] - 1) * steps[i];
            }
            byte[] all = new byte[(int) last];
            byte[] chunk = new byte[(int) Math.min(last, 1 << 16)];
            for (int i = 0; i < all.length; i += chunk.length) {
                int n = Math.min(chunk.length, all.length - i);
                data.read(begin + i, chunk, n);
                System.arraycopy(chunk, 0, all, i, n);
            }
            copy = all;
        }
        return copy;
    }
}
