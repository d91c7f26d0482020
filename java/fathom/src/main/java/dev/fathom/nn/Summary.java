package dev.fathom.nn;

import dev.fathom.autograd.Frames;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.parameter.Variable;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tape;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Structure;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.StringJoiner;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The table of a model: one row a layer that calls no other, from one traced call, which computes shapes alone. */
final class Summary {
    private Summary() {}

    static <M extends Net> String of(M net, BiFunction<M, Tensor[], ?> call, Input... inputs) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("", "layer", "output", "parameters", "multiply-adds"));
        long parameters = 0;
        long work = 0;
        try (Pass pass = Pass.trace(false, new Rng(0))) {
            Tensor[] in = new Tensor[inputs.length];
            for (int i = 0; i < inputs.length; i++) {
                in[i] = pass.input(inputs[i].shape(), inputs[i].dtype());
                rows.add(List.of("", "input", inputs[i].shape().toString(), "", ""));
            }
            List<Frames.Called> calls = new ArrayList<>();
            Frames.of(pass).observe(calls::add);
            // its calls are on the tape; in a frame, so that what a method of its own calls has its name
            Object unused = Pass.frame(net, () -> call.apply(net, in));
            List<Tape.Entry> entries = pass.tape().entries();
            Set<Object> counted = Collections.newSetFromMap(new IdentityHashMap<>());
            for (Frames.Called c : calls) {
                if (!c.leaf()) {
                    continue;
                }
                List<Tape.Entry> inside = entries.subList(c.from(), c.to());
                long own = parameters(c.net(), counted);
                long macs = inside.stream().mapToLong(Summary::work).sum();
                parameters += own;
                work += macs;
                rows.add(List.of(c.path(), type(c, inside), shape(c.result()), number(own), number(macs)));
            }
            long all = parameters(net, Collections.newSetFromMap(new IdentityHashMap<>()));
            long elsewhere = entries.stream().mapToLong(Summary::work).sum() - work;
            if (all > parameters || elsewhere > 0) {
                rows.add(List.of("", "elsewhere", "", number(all - parameters), number(elsewhere)));
            }
            rows.add(List.of("", "total", "", number(all), number(work + elsewhere)));
        }
        return table(rows);
    }

    static long multiplyAdds(Layer net, Shape shape) {
        try (Pass pass = Pass.trace(false, new Rng(0))) {
            net.apply(pass.input(shape, DType.F32));
            return pass.tape().entries().stream().mapToLong(Summary::work).sum();
        }
    }

    private static long work(Tape.Entry e) {
        return e.op().multiplyAdds(e.inputs().stream()
                .filter(Objects::nonNull)
                .map(Tensor::shape)
                .toArray(Shape[]::new));
    }

    private static long parameters(Object net, Set<Object> counted) {
        long n = 0;
        for (Structure.Named v : Structure.walk(net)) {
            if (v.value() instanceof Parameter p && counted.add(p)) {
                n += ((Variable) p).shape().size();
            }
        }
        return n;
    }

    private static String type(Frames.Called c, List<Tape.Entry> inside) {
        if (c.net() instanceof Linear l && l.activation() != null) {
            return "Linear, " + l.activation().label();
        }
        if (c.net() instanceof Conv l) {
            return "Conv " + l.window()
                    + (l.activation() == null ? "" : ", " + l.activation().label());
        }
        if (c.net().getClass().isRecord()) {
            return c.net().getClass().getSimpleName();
        }
        return inside.isEmpty() ? "lambda" : inside.get(0).op().label();
    }

    private static String shape(@Nullable Object result) {
        return result instanceof Tensor t ? t.shape().toString() : "";
    }

    private static String number(long n) {
        return String.format(Locale.ROOT, "%,d", n);
    }

    /** The first row above a line, and the sums of the last one below another; texts begin on the left. */
    private static String table(List<List<String>> rows) {
        int[] widths = IntStream.range(0, rows.get(0).size())
                .map(c ->
                        rows.stream().mapToInt(row -> row.get(c).length()).max().orElse(0))
                .toArray();
        StringJoiner lines = new StringJoiner("\n", "", "\n");
        for (int i = 0; i < rows.size(); i++) {
            StringJoiner line = new StringJoiner("  ");
            for (int c = 0; c < widths.length; c++) {
                String cell = rows.get(i).get(c);
                String pad = " ".repeat(widths[c] - cell.length());
                line.add(c < 3 ? cell + pad : pad + cell);
            }
            lines.add(line.toString().stripTrailing());
            if (i == 0 || i == rows.size() - 2) {
                lines.add("-".repeat(line.length()));
            }
        }
        return lines.toString();
    }
}
