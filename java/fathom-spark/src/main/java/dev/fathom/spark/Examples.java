package dev.fathom.spark;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.data.Source;
import dev.fathom.io.MappedFile;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import scala.Tuple2;

/**
 * The rows of a DataFrame as binary files in a folder: sorted by a hash of their bytes, so that their order, and with
 * it the bits of a training, depends on the rows alone and not on partitions.
 */
record Examples(RemoteFolder folder, Columns columns) implements Serializable {
    /** The file that says what there is, which is written when all others are there. */
    private static final String FACTS = "facts.txt";

    private static final Pattern PART = Pattern.compile("rows-\\d{3}\\.bin");

    private static final int MOST_PARTS = 999;
    /** Of a row, in front of its bytes while rows are sorted. */
    private static final int HASH = 16;

    /**
     * What some rows are.
     *
     * @param classes the largest label and 1, or 0
     * @param sum of the first halves of the hashes
     * @param second sum of the second halves
     */
    private record Facts(long rows, int classes, long sum, long second) {
        static final Facts NONE = new Facts(0, 0, 0, 0);

        Facts and(Facts more) {
            return new Facts(rows + more.rows, Math.max(classes, more.classes), sum + more.sum, second + more.second);
        }

        Facts and(byte[] hashed, Columns columns) {
            ByteBuffer bytes = ByteBuffer.wrap(hashed);
            long first = bytes.getLong();
            long other = bytes.getLong();
            bytes.order(ByteOrder.LITTLE_ENDIAN);
            int label = columns.targetShape() == null ? bytes.getInt(hashed.length - Integer.BYTES) : -1;
            return and(new Facts(1, label + 1, first, other));
        }

        static Facts of(String text) {
            long[] all = Arrays.stream(
                            text.lines().skip(1).findFirst().orElse("").split(" "))
                    .mapToLong(Long::parseLong)
                    .toArray();
            return new Facts(all[0], (int) all[1], all[2], all[3]);
        }

        String text(Columns columns) {
            return columns + "\n" + rows + " " + classes + " " + sum + " " + second + "\n";
        }
    }

    /** The files of the rows, in the order of the rows. */
    private List<String> parts() {
        return folder.names().stream()
                .filter(name -> PART.matcher(name).matches())
                .toList();
    }

    // ---- writing

    /**
     * Writes the rows, or looks whether those that are there are the same.
     *
     * @throws IllegalArgumentException if there are none, a column does not fit, or others are there
     */
    void prepare(org.apache.spark.sql.Dataset<Row> rows) {
        columns.check(rows.schema());
        String there = folder.names().contains(FACTS) ? folder.text(FACTS) : "";
        Facts facts = there.isEmpty() ? written(rows) : counted(rows);
        folder.tidy();
        if (facts.rows == 0) {
            throw new IllegalArgumentException("SparkTrainer: there are no rows for " + folder.path());
        }
        String here = facts.text(columns);
        if (there.isEmpty()) {
            folder.write(FACTS, here);
        } else if (!there.equals(here)) {
            throw new IllegalArgumentException("SparkTrainer: " + folder.path()
                    + " holds other rows than these, of an earlier run; give the same rows to go on with that run, or"
                    + " another folder to begin anew (there: " + there.strip().replace("\n", ", ") + "; here: "
                    + here.strip().replace("\n", ", ") + ")");
        }
    }

    private org.apache.spark.sql.Dataset<Row> narrow(org.apache.spark.sql.Dataset<Row> rows) {
        return rows.select(rows.col("`" + columns.features() + "`"), rows.col("`" + columns.target() + "`"));
    }

    private Facts counted(org.apache.spark.sql.Dataset<Row> rows) {
        Columns read = columns; // what closures hold
        MapPartitionsFunction<Row, String> count = some -> {
            Facts facts = Facts.NONE;
            while (some.hasNext()) {
                facts = facts.and(hashed(read, some.next()), read);
            }
            return List.of(facts.text(read)).iterator();
        };
        return narrow(rows).mapPartitions(count, Encoders.STRING()).collectAsList().stream()
                .map(Facts::of)
                .reduce(Facts.NONE, Facts::and);
    }

    private Facts written(org.apache.spark.sql.Dataset<Row> rows) {
        Columns read = columns;
        org.apache.spark.sql.Dataset<Row> narrow = narrow(rows);
        int parts = Math.max(1, Math.min(MOST_PARTS, narrow.javaRDD().getNumPartitions()));
        JavaPairRDD<byte[], Boolean> keyed = narrow.javaRDD().mapToPair(row -> new Tuple2<>(hashed(read, row), true));
        parts().forEach(folder::delete); // of a driver that was killed
        return keyed
                .repartitionAndSortWithinPartitions(
                        new ByHash(parts), (Comparator<byte[]> & Serializable) Arrays::compareUnsigned)
                .keys()
                .mapPartitionsWithIndex(this::written, true)
                .collect()
                .stream()
                .map(Facts::of)
                .reduce(Facts.NONE, Facts::and);
    }

    /** Writes a part, and returns its facts as text, because Kryo reads no records. */
    private Iterator<String> written(int part, Iterator<byte[]> hashed) {
        Facts[] facts = {Facts.NONE};
        folder.write(String.format(Locale.ROOT, "rows-%03d.bin", part), out -> {
            while (hashed.hasNext()) {
                byte[] row = hashed.next();
                out.write(row, HASH, row.length - HASH);
                facts[0] = facts[0].and(row, columns);
            }
        });
        return List.of(facts[0].text(columns)).iterator();
    }

    /** The bytes of a row after their hash. */
    private static byte[] hashed(Columns columns, Row row) {
        byte[] all = columns.encode(row, HASH);
        MessageDigest sha = Archive.sha256();
        sha.update(all, HASH, all.length - HASH);
        System.arraycopy(sha.digest(), 0, all, 0, HASH);
        return all;
    }

    /** Lets parts follow one another in the order of the hashes. */
    private static final class ByHash extends Partitioner {
        private static final long serialVersionUID = 1;

        private final int parts;

        ByHash(int parts) {
            this.parts = parts;
        }

        @Override
        public int numPartitions() {
            return parts;
        }

        @Override
        public int getPartition(Object key) {
            byte[] hash = (byte[]) key;
            return ((hash[0] & 0xff) << 8 | hash[1] & 0xff) * parts >> 16;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof ByHash by && by.parts == parts;
        }

        @Override
        public int hashCode() {
            return parts;
        }
    }

    // ---- reading

    /** Copies all examples to a file of this machine, which is mapped. */
    Dataset open(Path local) {
        Facts facts = Facts.of(folder.text(FACTS));
        try (OutputStream out = Files.newOutputStream(local)) {
            for (String name : parts()) {
                folder.read(name, out);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("SparkTrainer: " + local + " cannot be written: " + e.getMessage(), e);
        }
        MappedFile file = MappedFile.open(local);
        long[] offsets = offsets(file, Math.toIntExact(facts.rows));
        if (offsets[offsets.length - 1] != file.size()) {
            file.close();
            throw new IllegalStateException("SparkTrainer: " + folder.path() + " has " + file.size()
                    + " bytes, which are not those of its " + facts.rows + " rows; delete it, and begin anew");
        }
        return Dataset.of(new Mapped(file, columns, facts.classes, offsets));
    }

    /** Where each row begins, and where the last one ends: elsewhere than the file if bytes are missing or damaged. */
    private long[] offsets(MappedFile file, int rows) {
        long[] offsets = new long[rows + 1];
        offsets[rows] = -1; // until the last one is found
        ByteBuffer steps = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < rows && offsets[i] + Integer.BYTES <= file.size(); i++) {
            if (columns.kind().ragged()) {
                file.read(offsets[i], steps.clear());
            } else {
                steps.putInt(0, 1);
            }
            offsets[i + 1] = offsets[i] + columns.bytes(steps.getInt(0));
            if (offsets[i + 1] <= offsets[i]) {
                break;
            }
        }
        return offsets;
    }

    private record Mapped(MappedFile file, Columns columns, int classes, long[] offsets) implements Source {
        @Override
        public int size() {
            return offsets.length - 1;
        }

        @Override
        public int steps(int field, int example) {
            long bytes = offsets[example + 1] - offsets[example] - columns.bytes(0);
            return (int) (bytes / columns.stepBytes());
        }

        @Override
        public List<Field> fields() {
            return columns.fields(classes);
        }

        @Override
        public void read(int field, int example, ByteBuffer to) {
            long target = offsets[example + 1] - columns.targetBytes();
            file.read(field == 0 ? target - to.remaining() : target, to);
        }

        @Override
        public void close() {
            file.close();
        }
    }
}
