package dev.fathom.retrieval;

import dev.fathom.io.AtomicFile;
import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes a file of vectors as they come. Their number is known at the end, so that room is left for the header, and
 * what lies behind the vectors waits in files beside it.
 */
final class VectorWriter implements VectorFile.Rows {
    /** With its length before it, the header ends at a multiple of a line of the cache. */
    private static final int HEADER = 512 - Long.BYTES;

    private static final int BUFFER = 1 << 16;

    private final Path file;
    private final int dimensions;
    private final VectorFile.Metric metric;
    private final OutputStream rows;
    private final @Nullable OutputStream bounds;
    private final @Nullable OutputStream codes;
    private final ByteBuffer row;
    private final ByteBuffer bound =
            ByteBuffer.allocate(Float.BYTES * VectorFile.BOUNDS).order(ByteOrder.LITTLE_ENDIAN);
    private int count;

    private VectorWriter(
            Path file,
            int dimensions,
            VectorFile.Metric metric,
            OutputStream rows,
            @Nullable OutputStream bounds,
            @Nullable OutputStream codes) {
        this.file = file;
        this.dimensions = dimensions;
        this.metric = metric;
        this.rows = rows;
        this.bounds = bounds;
        this.codes = codes;
        row = ByteBuffer.allocate(Float.BYTES * dimensions).order(ByteOrder.LITTLE_ENDIAN);
    }

    static int write(
            Path file, int dimensions, VectorFile.Metric metric, boolean int8, Consumer<VectorFile.Rows> content) {
        if (dimensions < 1 || dimensions > VectorFile.MOST_DIMENSIONS) {
            throw new IllegalArgumentException("VectorFile: vectors of " + dimensions
                    + " numbers cannot be written; 1 to " + VectorFile.MOST_DIMENSIONS + " are possible");
        }
        if (file.getFileSystem() != FileSystems.getDefault()) {
            throw new IllegalArgumentException("VectorFile: " + file + " lies inside an archive or another file system,"
                    + " where nothing can be searched; give a place on a disk");
        }
        int[] count = new int[1];
        AtomicFile.write(file, out -> {
            Path bounds = int8 ? beside(file, ".bounds") : null;
            Path codes = int8 ? beside(file, ".codes") : null;
            try {
                count[0] = write(file, dimensions, metric, (FileOutputStream) out, bounds, codes, content);
            } finally {
                if (bounds != null && codes != null) {
                    Files.deleteIfExists(bounds);
                    Files.deleteIfExists(codes);
                }
            }
        });
        return count[0];
    }

    private static Path beside(Path file, String end) throws IOException {
        return Files.createTempFile(file.toAbsolutePath().getParent(), ".fathom", end);
    }

    private static int write(
            Path file,
            int dimensions,
            VectorFile.Metric metric,
            FileOutputStream out,
            @Nullable Path boundsFile,
            @Nullable Path codesFile,
            Consumer<VectorFile.Rows> content)
            throws IOException {
        BufferedOutputStream rows = new BufferedOutputStream(out, BUFFER);
        rows.write(new byte[Long.BYTES + HEADER]);
        int count;
        try (OutputStream bounds = stream(boundsFile);
                OutputStream codes = stream(codesFile)) {
            VectorWriter writer = new VectorWriter(file, dimensions, metric, rows, bounds, codes);
            content.accept(writer);
            count = writer.count;
        }
        if (boundsFile != null && codesFile != null) {
            Files.copy(boundsFile, rows);
            Files.copy(codesFile, rows);
        }
        rows.flush();
        boolean interrupted = Thread.interrupted(); // for which the channel would close the file
        FileChannel channel = out.getChannel();
        channel.position(0);
        ByteBuffer header = header(count, dimensions, metric, codesFile != null);
        while (header.hasRemaining()) {
            channel.write(header);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return count;
    }

    private static @Nullable OutputStream stream(@Nullable Path file) throws IOException {
        return file == null ? null : new BufferedOutputStream(Files.newOutputStream(file), BUFFER);
    }

    private static ByteBuffer header(int count, int dimensions, VectorFile.Metric metric, boolean int8) {
        long at = Float.BYTES * (long) dimensions * count;
        StringBuilder json = new StringBuilder("{\"__metadata__\":{\"" + VectorFile.METRIC + "\":\"" + metric + "\"}");
        json.append(entry(VectorFile.ROWS, "F32", count, dimensions, 0, at));
        if (int8) {
            long codes = at + Float.BYTES * (long) VectorFile.BOUNDS * count;
            json.append(entry(VectorFile.BOUND, "F32", count, VectorFile.BOUNDS, at, codes));
            json.append(entry(VectorFile.CODES, "I8", count, dimensions, codes, codes + (long) dimensions * count));
        }
        byte[] text = json.append('}').toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer header = ByteBuffer.allocate(Long.BYTES + HEADER).order(ByteOrder.LITTLE_ENDIAN);
        Arrays.fill(header.array(), (byte) ' ');
        return header.putLong(HEADER).put(text).rewind();
    }

    private static String entry(String name, String type, int rows, int columns, long from, long to) {
        return ",\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":[" + rows + "," + columns
                + "],\"data_offsets\":[" + from + "," + to + "]}";
    }

    @Override
    public void add(float[] vector) {
        VectorFile.check("add", vector, dimensions, "vector number " + count);
        if (count == VectorFile.MOST_ROWS) {
            throw new IllegalArgumentException(
                    "add: a file holds at most " + VectorFile.MOST_ROWS + " vectors; begin another");
        }
        float[] x = metric.stored(vector);
        try {
            row.clear().asFloatBuffer().put(x);
            rows.write(row.array());
            if (bounds != null && codes != null) {
                Codes code = Codes.of(x, Byte.MAX_VALUE);
                bound.clear()
                        .putFloat((float) code.scale())
                        .putFloat(Math.nextUp((float) code.error()))
                        .putFloat(Math.nextUp((float) code.norm()));
                bounds.write(bound.array());
                for (int c : code.values()) {
                    codes.write(c);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file + ": " + AtomicFile.reason(e), e);
        }
        count++;
    }

    @Override
    public int count() {
        return count;
    }
}
