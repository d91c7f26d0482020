package dev.fathom.pretrained;

import dev.fathom.io.InputFile;
import dev.fathom.io.TensorFile;
import dev.fathom.op.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The names of a family's tensors in its files beside those of the net, one row each. A star stands for any part of a
 * name and is the same on both sides. A row with several names of a file is one tensor of the net that holds theirs one
 * after another, such as the matrices of queries, keys and values; a row with several names of the net is one tensor of
 * the file that holds theirs, in equal parts.
 *
 * @param prefixes what may stand in front of all names of a file, such as {@code bert.}
 */
record Layout(List<String> prefixes, List<Row> rows) {
    /** One row: a tensor of the net, and those of the file. */
    record Row(List<String> inNet, List<String> inFile) {
        static Row of(String inNet, String... inFile) {
            return new Row(List.of(inNet), List.of(inFile));
        }

        /** One tensor of the file for several of the net. */
        static Row split(String inFile, String... inNet) {
            return new Row(List.of(inNet), List.of(inFile));
        }

        /**
         * What the stars of a row's name stand for in {@code name}, as little as may be, or null if they do not fit.
         */
        static @Nullable List<String> stars(String row, String name) {
            int star = row.indexOf('*');
            if (star < 0) {
                return row.equals(name) ? List.of() : null;
            }
            if (!name.regionMatches(0, row, 0, star)) {
                return null;
            }
            String rest = row.substring(star + 1);
            int next = rest.indexOf('*');
            for (int end = star + 1; end <= name.length(); end++) {
                if (!name.regionMatches(end, rest, 0, next < 0 ? rest.length() : next)) {
                    continue;
                }
                List<String> more = stars(rest, name.substring(end));
                if (more != null) {
                    List<String> all = new ArrayList<>(List.of(name.substring(star, end)));
                    all.addAll(more);
                    return all;
                }
            }
            return null;
        }

        /** A row's name with what its stars stand for. */
        static String filled(String row, List<String> stars) {
            String result = row;
            for (String star : stars) {
                int at = result.indexOf('*');
                result = result.substring(0, at) + star + result.substring(at + 1);
            }
            return result;
        }
    }

    /** The names of a net that has this one under a prefix, and more tensors, whose rows come first. */
    Layout under(String prefix, List<Row> more) {
        return new Layout(
                prefixes,
                Stream.concat(
                                more.stream(),
                                rows.stream()
                                        .map(row -> new Row(
                                                row.inNet.stream()
                                                        .map(prefix::concat)
                                                        .toList(),
                                                row.inFile)))
                        .toList());
    }

    /** The names with a prefix for each row, as files are written. */
    Layout written(Function<Row, String> prefix) {
        return new Layout(
                List.of(),
                rows.stream()
                        .map(row -> new Row(
                                row.inNet,
                                row.inFile.stream()
                                        .map(name -> prefix.apply(row) + name)
                                        .toList()))
                        .toList());
    }

    /** This file with the names of the net; tensors without a row keep theirs. Closing it closes the file. */
    TensorFile named(TensorFile file) {
        List<TensorFile.Entry> entries = new ArrayList<>();
        Collection<String> names = file.names();
        for (String name : names) {
            String bare = bare(name);
            String prefix = name.substring(0, name.length() - bare.length());
            String modern = modern(bare);
            boolean rest = false; // a name that a row joins to the first one
            List<String> inNet = List.of(name);
            List<TensorFile.Entry> parts = List.of(file.entry(name));
            for (Row row : rows) {
                List<String> stars = Row.stars(row.inFile.get(0), modern);
                if (stars != null) {
                    inNet = row.inNet.stream()
                            .map(each -> Row.filled(each, stars))
                            .toList();
                    parts = row.inFile.stream()
                            .map(each -> row.inFile.size() == 1 ? name : prefix + Row.filled(each, stars))
                            .map(file::entry)
                            .toList();
                    break;
                }
                rest |= behindFirst(row.inFile, modern);
            }
            for (int i = 0; !rest && i < inNet.size(); i++) {
                entries.add(
                        parts.size() > 1
                                ? joined(file, parts, inNet.get(i))
                                : part(file, parts.get(0), i, inNet.size(), inNet.get(i)));
            }
        }
        return new TensorFile(file.toString(), entries, file.metadata(), file::close);
    }

    /** A tensor of a net or of a file, row by row. */
    record Values(Shape shape, float[] numbers) {
        /** These [rows, columns] as [columns, rows]. */
        Values transposed() {
            int rows = shape.dim(0);
            int columns = shape.dim(1);
            float[] turned = new float[numbers.length];
            for (int i = 0; i < turned.length; i++) {
                turned[i % columns * rows + i / columns] = numbers[i];
            }
            return new Values(Shape.of(columns, rows), turned);
        }

        /** Part {@code i} of {@code count} equal ones along the first dimension. */
        private Values part(int i, int count) {
            int n = numbers.length / count;
            return new Values(rows(shape.dim(0) / count), Arrays.copyOfRange(numbers, i * n, (i + 1) * n));
        }

        private Values with(Values behind) {
            float[] both = Arrays.copyOf(numbers, numbers.length + behind.numbers.length);
            System.arraycopy(behind.numbers, 0, both, numbers.length, behind.numbers.length);
            return new Values(rows(shape.dim(0) + behind.shape.dim(0)), both);
        }

        private Shape rows(int rows) {
            int[] dims = shape.toArray();
            dims[0] = rows;
            return Shape.of(dims);
        }
    }

    /**
     * These tensors of a net as its files have them, by their names there.
     *
     * @throws IllegalArgumentException if one has no row
     */
    Map<String, Values> inFile(Map<String, Values> net) {
        Map<String, Values> file = new LinkedHashMap<>();
        net.forEach((name, values) -> {
            boolean known = false;
            for (Row row : rows) {
                List<String> stars = Row.stars(row.inNet.get(0), name);
                if (stars != null) {
                    Values whole = row.inNet.stream()
                            .map(each -> net.get(Row.filled(each, stars)))
                            .reduce(Values::with)
                            .orElseThrow();
                    int count = row.inFile.size();
                    for (int i = 0; i < count; i++) {
                        file.put(Row.filled(row.inFile.get(i), stars), whole.part(i, count));
                    }
                    known = true;
                    break;
                }
                known |= behindFirst(row.inNet, name);
            }
            if (!known) {
                throw new IllegalArgumentException(
                        "save: the files of this family have no name for " + InputFile.quoted(name));
            }
        });
        return file;
    }

    /** Whether it is a name of a row, but not the first. */
    private static boolean behindFirst(List<String> names, String name) {
        for (int i = 1; i < names.size(); i++) {
            if (Row.stars(names.get(i), name) != null) {
                return true;
            }
        }
        return false;
    }

    private String bare(String name) {
        return prefixes.stream()
                .filter(name::startsWith)
                .findFirst()
                .map(p -> name.substring(p.length()))
                .orElse(name);
    }

    /** The names of norms in files that were once made of TensorFlow's. */
    private static String modern(String name) {
        for (String[] old : new String[][] {{"LayerNorm.gamma", "weight"}, {"LayerNorm.beta", "bias"}}) {
            if (name.endsWith(old[0])) {
                return name.substring(0, name.lastIndexOf('.') + 1) + old[1];
            }
        }
        return name;
    }

    /** Part {@code i} of {@code count} equal ones of a tensor, along its first dimension. */
    private static TensorFile.Entry part(TensorFile file, TensorFile.Entry e, int i, int count, String name) {
        if (count == 1) {
            return new TensorFile.Entry(name, e.type(), e.stored(), e.dims(), e.bytes(), e.source());
        }
        long[] dims = e.dims().clone();
        if (dims.length == 0 || dims[0] % count != 0 || e.stored() == null) {
            throw new IllegalArgumentException(file + ": " + InputFile.quoted(e.name()) + " " + Arrays.toString(dims)
                    + " of " + e.type() + " cannot be cut into " + count + " equal parts; fetch it again");
        }
        dims[0] /= count;
        long bytes = TensorFile.Entry.elements(dims) * e.stored().bytes();
        return new TensorFile.Entry(
                name,
                e.type(),
                e.stored(),
                dims,
                bytes,
                (at, to, n) -> e.source().read(i * bytes + at, to, n));
    }

    /** Tensors of one type, one after another along their first dimension. */
    private static TensorFile.Entry joined(TensorFile file, List<TensorFile.Entry> parts, String name) {
        TensorFile.Entry first = parts.get(0);
        long[] dims = first.dims().clone();
        long[] begins = new long[parts.size() + 1];
        dims[0] = 0;
        for (int i = 0; i < parts.size(); i++) {
            TensorFile.Entry part = parts.get(i);
            if (part.stored() != first.stored()
                    || part.dims().length != dims.length
                    || !Arrays.equals(part.dims(), 1, dims.length, first.dims(), 1, dims.length)) {
                throw new IllegalArgumentException(file + ": " + InputFile.quoted(part.name()) + " "
                        + Arrays.toString(part.dims()) + " of " + part.type() + " cannot be joined to "
                        + InputFile.quoted(first.name()) + " " + Arrays.toString(first.dims()) + " of " + first.type()
                        + "; all but their first dimensions must be equal");
            }
            dims[0] += part.dims()[0];
            begins[i + 1] = begins[i] + part.bytes();
        }
        TensorFile.Source source = (at, to, n) -> {
            byte[] chunk = new byte[n];
            for (int i = 0; i < parts.size(); i++) {
                long from = Math.max(at, begins[i]);
                long end = Math.min(at + n, begins[i + 1]);
                if (from < end) {
                    int count = (int) (end - from);
                    parts.get(i).source().read(from - begins[i], chunk, count);
                    System.arraycopy(chunk, 0, to, (int) (from - at), count);
                }
            }
        };
        return new TensorFile.Entry(name, first.type(), first.stored(), dims, begins[parts.size()], source);
    }
}
