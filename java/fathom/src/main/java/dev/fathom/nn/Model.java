package dev.fathom.nn;

import dev.fathom.io.Safetensors;
import dev.fathom.memory.Block;
import dev.fathom.memory.Memory;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Access;
import dev.fathom.tensor.Buffer;
import dev.fathom.tensor.Parameter;
import dev.fathom.tensor.ParameterRange;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Store;
import dev.fathom.tensor.Structure;
import dev.fathom.tensor.Tensor;
import dev.fathom.tensor.Variable;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A net with numbers: walks the tree of {@code net}, names every parameter and buffer as PyTorch would, and holds them in one flat block,
 * parameters first. The gradients are a second block of the same layout, so an optimizer's step is one kernel call.
 *
 * @param <M> the type of the net, whose own methods {@link #net} offers
 */
public final class Model<M extends Net> implements Trainable, AutoCloseable {
    private final M net;
    private final Store store;
    private final ParameterRange range;

    private Model(M net, Store store) {
        this.net = net;
        this.store = store;
        this.range = Access.range(store, 0, store.parameters());
    }

    /**
     * Makes a model of {@code net}. Parameters that no model holds yet begin as their initializer says, from (seed, name). Those that another
     * model holds are adopted: their values move here, and the other model is superseded and says so when it is used. Parameters that were frozen
     * and nets that were fixed in evaluation mode remain so.
     *
     * @throws IllegalArgumentException if something in the tree is neither a record nor a lambda that captures nothing
     * @throws IllegalStateException if a model that holds one of the parameters is closed
     */
    public static <M extends Net> Model<M> of(M net, long seed) {
        List<Variable> variables = new ArrayList<>();
        List<String> names = new ArrayList<>();
        collect(net, variables, names);
        Set<Store> former = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Variable h : variables) {
            if (h.bound()) {
                Access.storeOf(h).check();
                former.add(Access.storeOf(h));
            }
        }
        Store store = Access.store(variables, names);
        try {
            fill(store, variables, names, new Rng(seed));
        } catch (RuntimeException | Error e) {
            store.close();
            throw e;
        }
        for (int i = 0; i < variables.size(); i++) {
            Access.bind(variables.get(i), store, i);
        }
        Set<Object> fixed = Collections.newSetFromMap(new IdentityHashMap<>());
        former.forEach(s -> fixed.addAll(s.evaluating()));
        String site = Memory.render(Memory.callSite());
        former.forEach(s -> Access.supersede(s, "its parameters moved to the model made at " + site));
        Model<M> result = new Model<>(net, store);
        result.evaluate(Structure.walk(net).stream().filter(n -> fixed.contains(n.value())));
        return result;
    }

    /** First values: those of the model before, or what the initializer says. */
    private static void fill(Store store, List<Variable> variables, List<String> names, Rng rng) {
        for (int i = 0; i < variables.size(); i++) {
            Variable h = variables.get(i);
            ByteBuffer to =
                    store.values().view(4 * store.offset(i), 4 * h.shape().size());
            if (h.bound()) {
                Store from = Access.storeOf(h);
                int j = Access.indexOf(h);
                Block values = from.values();
                values.lease();
                try {
                    to.put(values.view(4 * from.offset(j), 4 * h.shape().size()));
                } finally {
                    values.release();
                }
                if (h instanceof Parameter) {
                    store.trainable(i, from.isTrainable(j));
                }
            } else {
                float[] values = h.initializer().values(h.shape(), rng.split(names.get(i)));
                if (values.length != h.shape().size()) {
                    throw new IllegalArgumentException("model: the initializer of " + names.get(i) + " gave "
                            + values.length + " values for shape " + h.shape() + "; it must give one for each element");
                }
                to.asFloatBuffer().put(values);
            }
        }
    }

    private static void collect(Object root, List<Variable> variables, List<String> names) {
        List<Structure.Named> walk = Structure.walk(root);
        for (boolean parameters : new boolean[] {true, false}) {
            for (Structure.Named n : walk) {
                if (n.value() instanceof Variable h && h instanceof Parameter == parameters) {
                    variables.add(h);
                    names.add(n.name());
                }
            }
        }
    }

    /** The net. */
    public M net() {
        return net;
    }

    @Override
    public ParameterRange range() {
        return range;
    }

    private Store store() {
        return Access.store(range);
    }

    /** The parameters, in the order of the block. */
    public List<Parameter> parameters() {
        return store().variables().stream()
                .filter(Parameter.class::isInstance)
                .map(Parameter.class::cast)
                .toList();
    }

    /** The buffers, in the order of the block. */
    public List<Buffer> buffers() {
        return store().variables().stream()
                .filter(Buffer.class::isInstance)
                .map(Buffer.class::cast)
                .toList();
    }

    /** How many numbers training may change, frozen ones included. */
    public long parameterCount() {
        return parameters().stream().mapToLong(p -> p.shape().size()).sum();
    }

    /**
     * The parameter of this name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public Parameter parameter(String name) {
        return parameters().stream()
                .filter(p -> p.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("model: no parameter is called " + name + "; there are "
                        + parameters().stream().map(Variable::name).toList()));
    }

    /**
     * The parameters of a subnet, for an optimizer or as a target of backward.
     *
     * @throws IllegalArgumentException if it is not part of this model, has no parameters, or shares one with the rest of the model
     */
    public Part part(Net subnet) {
        if (Structure.walk(net).stream().noneMatch(n -> n.value() == subnet)) {
            throw new IllegalArgumentException(
                    "part: the net is not in this model's tree; pass a component of model.net()");
        }
        Set<Object> outside = Collections.newSetFromMap(new IdentityHashMap<>());
        Structure.walk(net, subnet).forEach(n -> outside.add(n.value()));
        int from = Integer.MAX_VALUE;
        int to = -1;
        for (Structure.Named n : Structure.walk(subnet)) {
            if (n.value() instanceof Parameter p) {
                if (outside.contains(p)) {
                    throw new IllegalArgumentException("part: parameter " + p.name()
                            + " is tied to a net outside the part; train both with one optimizer, or untie it");
                }
                from = Math.min(from, Access.indexOf(p));
                to = Math.max(to, Access.indexOf(p) + 1);
            }
        }
        if (to < 0) {
            throw new IllegalArgumentException("part: the net has no parameters; pass one that has");
        }
        return new Part(Access.range(store(), from, to));
    }

    /**
     * Keeps optimizers and backward from the parameters that match, by name with * for anything: {@code freeze("backbone.*")}.
     *
     * @throws IllegalArgumentException if a pattern matches nothing
     */
    public void freeze(String... patterns) {
        trainable(patterns, false);
    }

    /** The opposite of {@link #freeze}. */
    public void unfreeze(String... patterns) {
        trainable(patterns, true);
    }

    private void trainable(String[] patterns, boolean on) {
        for (String pattern : patterns) {
            boolean any = false;
            for (Parameter p : parameters()) {
                if (Trainable.matches(pattern, p.name())) {
                    store.trainable(Access.indexOf(p), on);
                    any = true;
                }
            }
            if (!any) {
                throw new IllegalArgumentException((on ? "unfreeze: " : "freeze: ") + pattern + " matches none of "
                        + parameters().stream().map(Variable::name).toList());
            }
        }
    }

    /**
     * Fixes the nets that match, and all below them, in evaluation mode, also in training passes: {@code eval("backbone.*")}.
     *
     * @throws IllegalArgumentException if a pattern matches nothing
     */
    public void eval(String... patterns) {
        store();
        for (String pattern : patterns) {
            if (nets().noneMatch(n -> names(pattern, n))) {
                throw new IllegalArgumentException("eval: " + pattern + " matches no net of this model");
            }
        }
        evaluate(nets().filter(n -> Stream.of(patterns).anyMatch(pattern -> names(pattern, n))));
    }

    private static boolean names(String pattern, Structure.Named net) {
        return Trainable.matches(pattern, net.name()) || pattern.equals(net.name() + ".*");
    }

    /** Fixes nets of this tree. */
    private void evaluate(Stream<Structure.Named> nets) {
        List<Object> fixed = nets.map(Structure.Named::value).toList();
        if (!fixed.isEmpty()) {
            store.evaluate(fixed);
        }
    }

    /** Every net of the tree with its name, the net itself first. */
    private Stream<Structure.Named> nets() {
        return Structure.walk(net).stream().filter(n -> n.value() instanceof Net);
    }

    /**
     * A model of the same net with another net in the place of the one called {@code name}, such as a new head: {@code model.replace("fc", new
     * Linear(512, 2), 1)}. All other values move there, as {@link #of} says, what is frozen or fixed in evaluation mode remains so, and this model
     * is superseded; {@link #copy} it first to keep it. New parameters begin as their initializer says, from (seed, name).
     *
     * @throws IllegalArgumentException if no subnet is called so, or what holds it takes no net of the new kind
     */
    public Model<M> replace(String name, Net by, long seed) {
        store();
        List<Structure.Named> nets = nets().filter(n -> n.value() != net).toList();
        Object former = nets.stream()
                .filter(n -> n.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("replace: no net is called " + name + "; there are "
                        + nets.stream().map(Structure.Named::name).distinct().toList()))
                .value();
        Set<Object> evaluating = store.evaluating();
        List<Structure.Named> fixed = Structure.walk(net, former).stream()
                .filter(n -> evaluating.contains(n.value()))
                .toList();
        M tree = Structure.replace(net, former, by);
        Model<M> result = of(tree, seed);
        // what holds the new net was rebuilt and is known by its name
        result.evaluate(Structure.walk(tree, by).stream()
                .filter(t -> fixed.stream()
                        .anyMatch(n -> n.name().equals(t.name())
                                && n.value().getClass() == t.value().getClass())));
        return result;
    }

    /** Lets every net follow its pass again. */
    public void train() {
        store().followPass();
    }

    /**
     * A model of its own with the same structure and values, such as a teacher or an average. What is frozen, or fixed in evaluation mode, is so
     * there too.
     */
    public Model<M> copy() {
        Store mine = store();
        return rebuilt((variables, names) -> {
            Store copy = Access.store(variables, names);
            try {
                for (int i = 0; i < mine.parameters(); i++) {
                    copy.trainable(i, mine.isTrainable(i));
                }
                Block.copy(mine.values(), copy.values());
                return copy;
            } catch (RuntimeException | Error e) {
                copy.close();
                throw e;
            }
        });
    }

    /**
     * The same model for another thread: it shares these parameters and has gradients of its own, so that both may run backward at once, each on
     * its part of a batch. Scale each loss by its share of the batch, wait for the threads, and {@linkplain #addGradients bring the gradients
     * together}; with n rows of N each, and a loss that is a mean,
     *
     * <pre>{@code
     * try (var replica = model.replica()) {
     *   // on another thread: try (var pass = Pass.train(rng)) { pass.backward(loss.of(replica.net().apply(x), y).mul(n / (float) N)); }
     *   // here the other rows, with model.net(); then join, and
     *   model.addGradients(replica);
     *   adam.step();
     * }
     * }</pre>
     *
     * <p>Steps, loads and freezing of one are seen by all. A replica's buffers are copies: its passes read and update those, and
     * {@code addGradients} sets them to this model's, which therefore follow this model's part of the batch alone. Closing a replica gives its
     * gradients back; closing the model ends its replicas too.
     */
    public Model<M> replica() {
        Store mine = store();
        return rebuilt((variables, names) -> Access.replica(mine, variables));
    }

    /**
     * Adds the gradients that a replica has had since it was last asked to this model's, and uses them up; parameters that only the replica
     * has reached take its gradient over. Call it when no thread works with either, always in the same order for the same bits.
     *
     * @throws IllegalArgumentException if the other model does not share this one's parameters
     */
    public void addGradients(Model<M> replica) {
        store().addGradients(replica.store());
    }

    /** The same tree over variables of its own, in a store that {@code make} gives for them and their names. */
    private Model<M> rebuilt(BiFunction<List<Variable>, List<String>, Store> make) {
        M tree = Structure.rebuild(
                net,
                h -> h instanceof Parameter
                        ? new Parameter(h.shape(), h.initializer(), h.fileOrder())
                        : new Buffer(h.shape(), h.initializer()));
        List<Variable> variables = new ArrayList<>();
        List<String> names = new ArrayList<>();
        collect(tree, variables, names);
        Model<M> result = new Model<>(tree, make.apply(variables, names));
        for (int i = 0; i < variables.size(); i++) {
            Access.bind(variables.get(i), result.store, i);
        }
        List<Structure.Named> from = Structure.walk(net);
        List<Structure.Named> to = Structure.walk(tree);
        Set<Object> fixed = store.evaluating();
        result.evaluate(IntStream.range(0, from.size())
                .filter(i -> fixed.contains(from.get(i).value()))
                .mapToObj(to::get));
        return result;
    }

    /**
     * Takes the values of a model of the same structure.
     *
     * @throws IllegalArgumentException if names or shapes differ
     */
    public void copyFrom(Model<?> other) {
        List<Variable> mine = store().variables();
        List<Variable> theirs = other.store().variables();
        for (int i = 0; i < Math.max(mine.size(), theirs.size()); i++) {
            String a = i < mine.size() ? mine.get(i).name() + " " + mine.get(i).shape() : "nothing";
            String b = i < theirs.size()
                    ? theirs.get(i).name() + " " + theirs.get(i).shape()
                    : "nothing";
            if (!a.equals(b)) {
                throw new IllegalArgumentException("copyFrom: the models differ: " + a + " here but " + b
                        + " there; copy between models of one structure");
            }
        }
        Block.copy(other.store().values(), store().values());
        store.replaced();
    }

    /**
     * Writes parameters and buffers as safetensors, under PyTorch's names and in its layout; the file is complete or not there.
     *
     * @throws java.io.UncheckedIOException if it cannot be written
     */
    public void save(Path file) {
        save(file, Map.of());
    }

    /**
     * Writes what {@link #save(Path)} writes, and {@code metadata} beside the tensors, where {@link Safetensors#metadata()} reads it.
     *
     * @param metadata texts by their keys
     * @throws IllegalArgumentException if a key or a text is not valid Unicode
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public void save(Path file, Map<String, String> metadata) {
        Safetensors.Writer writer = new Safetensors.Writer();
        metadata.forEach(writer::metadata);
        Block values = store().values();
        values.lease();
        try {
            for (Variable h : store.variables()) {
                writer.add(
                        h.name(),
                        h.shape(),
                        values.view(
                                        4 * store.offset(Access.indexOf(h)),
                                        4 * h.shape().size())
                                .asFloatBuffer(),
                        h.fileOrder());
            }
            writer.write(file);
        } finally {
            values.release();
        }
    }

    /**
     * Reads what {@link #save} wrote (or PyTorch, with the same names and shapes, or a trainer as a checkpoint). Nothing changes unless all of it fits.
     *
     * @throws IllegalArgumentException if the file is damaged, or names that are missing or too many, and shapes that differ: all of them are named
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public void load(Path file) {
        List<Variable> all = store().variables();
        try (Safetensors data = Safetensors.read(file);
                Block loaded = new Block("loaded weights", store.values().bytes())) {
            Set<String> more = new LinkedHashSet<>(data.names());
            // PyTorch before 0.4.1 did not count the batches of a batch norm: where a file has no count, it is 0
            List<Variable> variables = all.stream()
                    .filter(h -> more.contains(h.name()) || !h.name().endsWith("num_batches_tracked"))
                    .toList();
            List<String> missing = new ArrayList<>();
            List<String> shapes = new ArrayList<>();
            for (Variable h : variables) {
                if (!more.remove(h.name())) {
                    missing.add(h.name());
                } else if (!data.shape(h.name()).equals(h.fileShape())) {
                    shapes.add(h.name() + " " + data.shape(h.name()) + " for " + h.fileShape());
                }
            }
            more.removeIf(name -> name.indexOf('/') >= 0); // what a training checkpoint holds beside the model
            if (!missing.isEmpty() || !shapes.isEmpty() || !more.isEmpty()) {
                throw new IllegalArgumentException("load: " + file + " does not fit the model: "
                        + Stream.of(
                                        missing.isEmpty() ? "" : "it lacks " + missing,
                                        shapes.isEmpty() ? "" : "it has shapes " + shapes,
                                        more.isEmpty() ? "" : "the model has no place for " + more)
                                .filter(part -> !part.isEmpty())
                                .collect(Collectors.joining(", "))
                        + "; load it into a model of the same structure");
            }
            for (Variable h : variables) {
                data.copy(
                        h.name(),
                        loaded.view(
                                        4 * store.offset(Access.indexOf(h)),
                                        4 * h.shape().size())
                                .asFloatBuffer(),
                        h.fileOrder());
            }
            Block.copy(loaded, store.values());
        }
        store.replaced();
    }

    /**
     * Layers, output shapes, parameters and multiply-adds of one call on floats of this shape, as a table.
     *
     * @throws IllegalArgumentException if the net is not a {@link Layer} or there is not one shape
     */
    public String summary(Shape... inputs) {
        return summary(floats(inputs));
    }

    /**
     * Layers, output shapes, parameters and multiply-adds of one call on an input of any type, such as {@code Input.ints(1, 500)} for tokens.
     *
     * @throws IllegalArgumentException if the net is not a {@link Layer} or there is not one input
     */
    public String summary(Input... inputs) {
        if (!(net instanceof Layer) || inputs.length != 1) {
            throw new IllegalArgumentException("summary: the net has its own methods or " + inputs.length
                    + " inputs; call summary((net, in) -> net.method(in[0], ...), shapes)");
        }
        return summary((m, in) -> ((Layer) m).apply(in[0]), inputs);
    }

    private static Input[] floats(Shape... shapes) {
        return Stream.of(shapes).map(s -> new Input(DType.F32, s)).toArray(Input[]::new);
    }

    /** The table of one call of a net with methods of its own, on floats of these shapes. */
    public String summary(BiFunction<M, Tensor[], ?> call, Shape... inputs) {
        return summary(call, floats(inputs));
    }

    /** The table of one call of a net with methods of its own, on inputs of any type. */
    public String summary(BiFunction<M, Tensor[], ?> call, Input... inputs) {
        store();
        return Summary.of(net, call, inputs);
    }

    /**
     * Multiply-adds of one call on an input of this shape, as {@link #summary(Shape...)} adds them up.
     *
     * @throws IllegalArgumentException if the net is not a {@link Layer}
     */
    public long multiplyAdds(Shape input) {
        if (!(net instanceof Layer layer)) {
            throw new IllegalArgumentException(
                    "multiplyAdds: the net has its own methods; its summary with a call of them has the sum");
        }
        store();
        return Summary.multiplyAdds(layer, input);
    }

    /** Bytes of the block of values. */
    public long bytes() {
        return store().values().bytes();
    }

    /**
     * Gives the memory back, as soon as no pass reads it.
     *
     * @throws IllegalStateException if it is closed already
     */
    @Override
    public void close() {
        if (store.closed()) {
            throw new IllegalStateException(
                    "close: the model was already closed at " + store.closedAt() + "; close it once");
        }
        store.close();
    }
}
