package dev.fathom.nn;

import static java.util.Objects.requireNonNull;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.io.Safetensors;
import dev.fathom.io.TensorFile;
import dev.fathom.offheap.Block;
import dev.fathom.offheap.OffHeap;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import dev.fathom.parameter.Variable;
import dev.fathom.store.Store;
import dev.fathom.store.StoreRange;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Structure;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A net together with its numbers. A model walks the tree of the net, names every parameter and buffer as PyTorch
 * would, and holds them in one flat block, parameters first. The gradients are a second block of the same layout, so an
 * optimizer's step is one kernel call.
 *
 * @param <M> the type of the net, whose own methods {@link #net} offers
 */
public final class Model<M extends Net> implements Trainable, AutoCloseable {
    /** How many parameters {@link #toString} names. */
    private static final int LINES = 8;
    /** So many bytes are read by several threads. */
    private static final int MANY_BYTES = 1 << 20;

    private final M net;
    private final Store store;
    private final ParameterRange range;

    private Model(M net, Store store) {
        this.net = net;
        this.store = store;
        this.range = new ParameterRange(store, 0, store.parameters());
    }

    /**
     * Makes a model of a new net. Its parameters begin as their initializers say; their random numbers depend on the
     * seed and the parameter's name. One net is one model's: a net that another model was made of has that model's
     * values, so build a new net for every model, or take the values over with {@link #adopt}.
     *
     * @throws IllegalArgumentException if something in the tree is neither a record nor a lambda that captures nothing
     * @throws IllegalStateException if another model holds one of the parameters or buffers, whether that model is open
     *     or closed
     */
    public static <M extends Net> Model<M> of(M net, long seed) {
        requireNonNull(net, "Model.of: net must not be null");
        return make(net, seed, false, true);
    }

    /**
     * Makes a model of a new net with the values of an open file, as {@link #of(Net, long)} and then
     * {@link #load(TensorFile, Names)} do. Random numbers are drawn for those parameters alone that the file lacks,
     * which for a large net saves most of the time.
     *
     * @throws IllegalArgumentException if something in the tree is neither a record nor a lambda that captures nothing,
     *     names are missing or unknown, shapes differ, or tied values do
     * @throws IllegalStateException if another model holds one of the parameters or buffers, or the file was closed
     * @throws java.io.UncheckedIOException if the file cannot be read
     */
    public static <M extends Net> Model<M> of(M net, long seed, TensorFile file, Names names) {
        requireNonNull(net, "Model.of: net must not be null");
        Model<M> model = make(net, seed, false, false);
        boolean done = false;
        try {
            Set<String> lacking =
                    Set.copyOf(model.read(file, names, model.store().values()).missing());
            for (Variable h : model.store().<Variable>cells()) {
                if (lacking.contains(h.name())) {
                    draw(model.store(), Store.index(h), h, h.name(), new Rng(seed));
                }
            }
            done = true;
            return model;
        } finally {
            if (!done) {
                model.close();
            }
        }
    }

    /**
     * Makes a model of a net in which other models hold some of the parameters and buffers, for transfer learning: the
     * trained values move here. The models that held them are superseded, and any use of them throws an exception that
     * says so. Tensors taken earlier from their parameters and buffers still belong to them, and backward through these
     * is refused. Parameters that were frozen and nets that were fixed in evaluation mode remain so. What no model
     * holds yet begins as it does in {@link #of}.
     *
     * <pre>{@code
     * var model = Model.adopt(new Sequential(pretrained.net().trunk(), new Linear(512, 2)), 1)
     * }</pre>
     *
     * @throws IllegalArgumentException if something in the tree is neither a record nor a lambda that captures nothing
     * @throws IllegalStateException if a model that holds one of the parameters is closed, so that its values are gone
     */
    public static <M extends Net> Model<M> adopt(M net, long seed) {
        requireNonNull(net, "Model.adopt: net must not be null");
        return make(net, seed, true, true);
    }

    private static <M extends Net> Model<M> make(M net, long seed, boolean adopting, boolean drawn) {
        List<Variable> variables = new ArrayList<>();
        List<String> names = new ArrayList<>();
        collect(net, variables, names);
        Set<Store> former = Collections.newSetFromMap(new IdentityHashMap<>());
        for (int i = 0; i < variables.size(); i++) {
            Variable h = variables.get(i);
            if (h.bound()) {
                mayTake(h, names.get(i), adopting);
                former.add(Store.of(h));
            }
        }
        Store store = new Store(variables, names);
        try {
            fill(store, variables, names, new Rng(seed), drawn);
        } catch (RuntimeException | Error e) {
            store.close();
            throw e;
        }
        store.bind();
        Set<Object> fixed = Collections.newSetFromMap(new IdentityHashMap<>());
        former.forEach(s -> fixed.addAll(s.evaluating()));
        String site = OffHeap.render(OffHeap.callSite());
        former.forEach(s -> s.supersede("its parameters moved to the model made at " + site));
        Model<M> result = new Model<>(net, store);
        result.evaluate(Structure.walk(net).stream().filter(n -> fixed.contains(n.value())));
        return result;
    }

    /** Refuses a variable that another model holds, unless its values are there and are to be taken over. */
    private static void mayTake(Variable h, String name, boolean adopting) {
        String ended = Store.of(h).ended();
        if (ended != null || !adopting) {
            throw new IllegalStateException(
                    "model: " + (h instanceof Parameter ? "parameter " : "buffer ") + name + " " + h.shape()
                            + (ended != null
                                    ? " belongs to a model that is " + ended + "; build a new net for each model"
                                    : " already belongs to another model and has its values; build a new net for each"
                                            + " model, or call Model.adopt(net, seed) to move these values to the new"
                                            + " one"));
        }
    }

    /** First values: those of the model before, or what the initializer says, of parameters where they are drawn. */
    private static void fill(Store store, List<Variable> variables, List<String> names, Rng rng, boolean drawn) {
        for (int i = 0; i < variables.size(); i++) {
            Variable h = variables.get(i);
            if (h.bound()) {
                Store from = Store.of(h);
                int j = Store.index(h);
                from.lease();
                try {
                    store.view(i, store.values()).put(from.view(j));
                } finally {
                    from.release();
                }
                if (h instanceof Parameter) {
                    store.trainable(i, from.isTrainable(j));
                }
            } else if (drawn || h instanceof Buffer) {
                draw(store, i, h, names.get(i), rng);
            }
        }
    }

    private static void draw(Store store, int i, Variable h, String name, Rng rng) {
        float[] values = h.initializer().values(h.shape(), rng.split(name));
        if (values.length != h.shape().size()) {
            throw new IllegalArgumentException("model: the initializer of " + name + " gave " + values.length
                    + " values for shape " + h.shape() + "; it must give one for each element");
        }
        store.view(i, store.values()).asFloatBuffer().put(values);
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
        return StoreRange.store(range);
    }

    /** The parameters, in the order of the block. */
    public List<Parameter> parameters() {
        return variables(Parameter.class);
    }

    /** The buffers, in the order of the block. */
    public List<Buffer> buffers() {
        return variables(Buffer.class);
    }

    private <V extends Variable> List<V> variables(Class<V> kind) {
        return store().<Variable>cells().stream()
                .filter(kind::isInstance)
                .map(kind::cast)
                .toList();
    }

    /** Returns how many numbers the parameters hold, frozen ones included. */
    public long parameterCount() {
        return parameters().stream().mapToLong(p -> p.shape().size()).sum();
    }

    /**
     * The parameter of this name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public Parameter parameter(String name) {
        requireNonNull(name, "Model.parameter: name must not be null");
        return parameters().stream()
                .filter(p -> p.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("model: no parameter is called " + name + "; there are "
                        + parameters().stream().map(Variable::name).toList()));
    }

    /**
     * The parameters of a subnet, for an optimizer or as a target of backward.
     *
     * @throws IllegalArgumentException if it is not part of this model, has no parameters, or shares one with the rest
     *     of the model
     */
    public Part part(Net subnet) {
        requireNonNull(subnet, "Model.part: subnet must not be null");
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
                from = Math.min(from, Store.index(p));
                to = Math.max(to, Store.index(p) + 1);
            }
        }
        if (to < 0) {
            throw new IllegalArgumentException("part: the net has no parameters; pass one that has");
        }
        return new Part(new ParameterRange(store(), from, to));
    }

    /**
     * Freezes the parameters whose names match, where * stands for anything: {@code freeze("backbone.*")}. Backward
     * computes no gradients for them, and optimizers leave them unchanged.
     *
     * @throws IllegalArgumentException if a pattern matches nothing
     */
    public void freeze(String... patterns) {
        requireNonNull(patterns, "Model.freeze: patterns must not be null");
        trainable(patterns, false);
    }

    /** Makes the parameters whose names match trainable again, after {@link #freeze}. */
    public void unfreeze(String... patterns) {
        requireNonNull(patterns, "Model.unfreeze: patterns must not be null");
        trainable(patterns, true);
    }

    private void trainable(String[] patterns, boolean on) {
        for (String pattern : patterns) {
            boolean any = false;
            for (Parameter p : parameters()) {
                if (Trainable.matches(pattern, p.name())) {
                    store.trainable(Store.index(p), on);
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
     * Fixes the nets whose names match, and all nets inside them, in evaluation mode, in training passes too:
     * {@code eval("backbone.*")}.
     *
     * @throws IllegalArgumentException if a pattern matches nothing
     */
    public void eval(String... patterns) {
        requireNonNull(patterns, "Model.eval: patterns must not be null");
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
     * Returns a model of this net in which {@code by} takes the place of the subnet called {@code name}, for example as
     * a new head: {@code model.replace("fc", new Linear(512, 2), 1)}. All other values move there, as {@link #adopt}
     * says, what is frozen or fixed in evaluation mode remains so, and this model is superseded; {@link #copy} it first
     * to keep it. New parameters begin as their initializer says; their random numbers depend on the seed and the
     * parameter's name.
     *
     * @throws IllegalArgumentException if no subnet has this name, or the record or list that holds it does not take a
     *     net of the new type
     */
    public Model<M> replace(String name, Net by, long seed) {
        requireNonNull(name, "Model.replace: name must not be null");
        requireNonNull(by, "Model.replace: by must not be null");
        store();
        Object former = Structure.child(net, name, Net.class);
        Set<Object> evaluating = store.evaluating();
        List<Structure.Named> fixed = Structure.walk(net, former).stream()
                .filter(n -> evaluating.contains(n.value()))
                .toList();
        M tree = Structure.replace(net, former, by);
        Model<M> result = adopt(tree, seed);
        // what holds the new net was rebuilt and is known by its name
        result.evaluate(Structure.walk(tree, by).stream()
                .filter(t -> fixed.stream()
                        .anyMatch(n -> n.name().equals(t.name())
                                && n.value().getClass() == t.value().getClass())));
        return result;
    }

    /** Lets every net follow the mode of its pass again, after {@link #eval}. */
    public void train() {
        store().followPass();
    }

    /**
     * Returns an independent model with this model's structure and values, for example a teacher or an average. What is
     * frozen or fixed in evaluation mode here is so there too, and the copy of a replica has the buffers of the
     * replica.
     */
    public Model<M> copy() {
        Store mine = store();
        return rebuilt((variables, names) -> {
            Store copy = new Store(variables, names);
            try {
                for (int i = 0; i < mine.parameters(); i++) {
                    copy.trainable(i, mine.isTrainable(i));
                }
                mine.copyTo(copy.values());
                return copy;
            } catch (RuntimeException | Error e) {
                copy.close();
                throw e;
            }
        });
    }

    /**
     * Returns a model for another thread that shares these parameters and has gradients of its own, so that both can
     * run backward at the same time, each on a part of the batch. Scale each loss by its share of the batch, wait for
     * the threads, and {@linkplain #addGradients add the gradients together}. With n of the N rows in each thread, and
     * a loss that is a mean:
     *
     * <pre>{@code
     * try (var replica = model.replica()) {
     *   // on another thread:
     *   try (var pass = Pass.train(rng)) { pass.backward(loss.of(replica.net().apply(x), y).mul(n / (float) N)); }
     *
     *   // here the other rows, with model.net(); then join, and
     *   model.addGradients(replica);
     *   adam.step();
     * }
     * }</pre>
     *
     * <p>Steps, loads and freezing of one model take effect in all of them. A replica's buffers are copies: its passes
     * read and update those, and {@code addGradients} sets them to this model's, which therefore follow this model's
     * part of the batch alone. Closing a replica gives its gradients back; closing the model ends its replicas too.
     */
    public Model<M> replica() {
        Store mine = store();
        return rebuilt((variables, names) -> new Store(mine, variables));
    }

    /**
     * Adds a replica's gradients to this model's and clears them in the replica. A parameter that only the replica's
     * backward has reached takes over its gradient. Call this when no thread works with either model, and always in the
     * same order of replicas, so that the bits are the same in every run.
     *
     * @throws IllegalArgumentException if the other model does not share this one's parameters
     */
    public void addGradients(Model<M> replica) {
        requireNonNull(replica, "Model.addGradients: replica must not be null");
        store().addGradients(replica.store());
    }

    /** A variable of the same kind that no model owns, or the node itself if it is none. */
    private static Structure.Terminal anew(Structure.Terminal node) {
        if (node instanceof Parameter p) {
            return new Parameter(p.shape(), p.initializer(), p.fileOrder());
        }
        if (node instanceof Buffer b) {
            return b.derived() ? Buffer.derived(b.shape(), b.initializer()) : new Buffer(b.shape(), b.initializer());
        }
        return node;
    }

    /** A model of this tree over variables of its own, in a store that {@code make} gives for them and their names. */
    private Model<M> rebuilt(BiFunction<List<Variable>, List<String>, Store> make) {
        M tree = Structure.rebuild(net, Model::anew);
        List<Variable> variables = new ArrayList<>();
        List<String> names = new ArrayList<>();
        collect(tree, variables, names);
        Model<M> result = new Model<>(tree, make.apply(variables, names));
        result.store.bind();
        List<Structure.Named> from = Structure.walk(net);
        List<Structure.Named> to = Structure.walk(tree);
        Set<Object> fixed = store.evaluating();
        result.evaluate(IntStream.range(0, from.size())
                .filter(i -> fixed.contains(from.get(i).value()))
                .mapToObj(to::get));
        return result;
    }

    /**
     * Copies the values of {@code other}, a model of the same structure, into this one.
     *
     * @throws IllegalArgumentException if names or shapes differ
     */
    public void copyFrom(Model<?> other) {
        requireNonNull(other, "Model.copyFrom: other must not be null");
        matching(other);
        store.replace("copyFrom", () -> other.store().copyTo(store().values()));
    }

    /**
     * Copies about a share of the values of {@code other}, a model of the same structure: each number of each parameter
     * with probability {@code share}, and the others stay as they are. Buffers stay too. A new member of an ensemble
     * begins so from the member before it (Campos et al. 2021).
     *
     * @param share the probability, 0 to 1
     * @param rng draws which numbers are copied; each parameter has a stream of its own, by its name
     * @throws IllegalArgumentException if names or shapes differ, or the share is not in [0, 1]
     */
    public void copyFrom(Model<?> other, double share, Rng rng) {
        requireNonNull(other, "Model.copyFrom: other must not be null");
        requireNonNull(rng, "Model.copyFrom: rng must not be null");
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("copyFrom: share=" + share + " is a probability and must be in [0, 1]");
        }
        matching(other);
        Block from = other.store().values();
        from.lease();
        try {
            for (int i = 0; i < store().parameters(); i++) {
                Variable p = store.<Variable>cells().get(i);
                FloatBuffer theirs = other.store.view(i, from).asFloatBuffer();
                FloatBuffer mine = store.view(i).asFloatBuffer();
                float[] drawn = rng.split(p.name()).uniform(mine.capacity(), 0, 1);
                store.change("copyFrom", i, () -> {
                    for (int k = 0; k < drawn.length; k++) {
                        if (drawn[k] < share) {
                            mine.put(k, theirs.get(k));
                        }
                    }
                });
            }
        } finally {
            from.release();
        }
    }

    private void matching(Model<?> other) {
        List<Variable> mine = store().<Variable>cells();
        List<Variable> theirs = other.store().<Variable>cells();
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
    }

    /**
     * Writes parameters and buffers to a safetensors file, under PyTorch's names and in its layout. A failed save
     * leaves no incomplete file behind.
     *
     * @throws java.io.UncheckedIOException if it cannot be written
     */
    public void save(Path file) {
        save(file, Map.of());
    }

    /**
     * Writes what {@link #save(Path)} writes, and {@code metadata} beside the tensors, where
     * {@link Safetensors#metadata()} reads it.
     *
     * @param metadata texts by their keys
     * @throws IllegalArgumentException if a key or a text is not valid Unicode
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public void save(Path file, Map<String, String> metadata) {
        requireNonNull(file, "Model.save: file must not be null");
        requireNonNull(metadata, "Model.save: metadata must not be null");
        Safetensors.Writer writer = new Safetensors.Writer();
        metadata.forEach(writer::metadata);
        store().lease();
        try {
            for (Variable h : store.<Variable>cells()) {
                writer.add(h.name(), h.shape(), store.view(Store.index(h)).asFloatBuffer(), h.fileOrder());
            }
            writer.write(file);
        } finally {
            store.release();
        }
    }

    /**
     * Reads the values from a file that {@link #save} wrote, a trainer wrote as a checkpoint, or PyTorch wrote with the
     * same names and shapes. The file may lie in any file system, such as inside a jar. Nothing changes unless all of
     * it fits.
     *
     * @throws IllegalArgumentException if the file is damaged or of another format, names are missing or unknown, or
     *     shapes differ; the message lists all of them
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public Loaded load(Path file) {
        return load(file, Names.exact());
    }

    /**
     * Reads the values from a file whose names are not the model's, or which holds more or less than the model:
     * {@code model.load(file, Names.exact().part("encoder.").ignoreOthers())}. Nothing changes unless all of it fits
     * under these rules.
     *
     * @return what was loaded, what the file lacks, what was left out, and the texts beside the tensors
     * @throws IllegalArgumentException if the file is damaged or of another format, names are missing or unknown,
     *     shapes differ, or tied values do
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public Loaded load(Path file, Names names) {
        requireNonNull(file, "Model.load: file must not be null");
        requireNonNull(names, "Model.load: names must not be null");
        store();
        try (TensorFile data = TensorFile.open(file)) {
            return load(data, names);
        }
    }

    /**
     * Reads the values of an open file, as it may be made of a stream, a buffer or the class path: {@code try (var file
     * = Safetensors.resource(App.class, "net.safetensors")) { model.load(file, Names.exact()); }}. Nothing changes
     * unless all of it fits under these rules.
     *
     * @return what was loaded, what the file lacks, what was left out, and the texts beside the tensors
     * @throws IllegalArgumentException if names are missing or unknown, shapes differ, or tied values do
     * @throws IllegalStateException if the file was closed
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public Loaded load(TensorFile file, Names names) {
        requireNonNull(file, "Model.load: file must not be null");
        requireNonNull(names, "Model.load: names must not be null");
        try (Block read = new Block("loaded weights", store.values().bytes())) {
            Loaded loaded = read(file, names, read);
            store.replace("load", () -> Block.copy(read, store.values()));
            return loaded;
        }
    }

    /** Reads the values of a file, and those of the model that it lacks, into a block of the layout of the values. */
    private Loaded read(TensorFile file, Names names, Block to) {
        List<Variable> all = store().<Variable>cells();
        Loading loading = new Loading(file, names, net, all);
        Consumer<Variable> copy = h -> {
            int i = Store.index(h);
            if (!loading.keeps(h)) {
                loading.copy(h, store.view(i, to).asFloatBuffer());
            } else if (to != store.values()) {
                store.view(i, to).put(store.view(i));
            }
        };
        boolean atOnce = to.bytes() >= MANY_BYTES
                && all.parallelStream().filter(h -> !succeeds(copy, h)).count() == 0;
        if (!atOnce) { // in order, so that the message is about the first that fails
            all.forEach(copy);
        }
        return loading.report();
    }

    /** Whether it ends well. A task that throws would leave the others running while their memory is given back. */
    private static boolean succeeds(Consumer<Variable> task, Variable h) {
        try {
            task.accept(h);
            return true;
        } catch (RuntimeException | Error e) {
            return false;
        }
    }

    /**
     * Returns a table of the layers, output shapes, parameters and multiply-adds of one call on an F32 input of this
     * shape.
     *
     * @throws IllegalArgumentException if the net is not a {@link Layer} or there is not one shape
     */
    public String summary(Shape... inputs) {
        requireNonNull(inputs, "Model.summary: inputs must not be null");
        return summary(floats(inputs));
    }

    /**
     * Returns a table of the layers, output shapes, parameters and multiply-adds of one call on an input of any type,
     * such as {@code Input.ints(1, 500)} for tokens.
     *
     * @throws IllegalArgumentException if the net is not a {@link Layer} or there is not one input
     */
    public String summary(Input... inputs) {
        requireNonNull(inputs, "Model.summary: inputs must not be null");
        if (!(net instanceof Layer) || inputs.length != 1) {
            throw new IllegalArgumentException("summary: the net has its own methods or " + inputs.length
                    + " inputs; call summary((net, in) -> net.method(in[0], ...), shapes)");
        }
        return summary((m, in) -> ((Layer) m).apply(in[0]), inputs);
    }

    private static Input[] floats(Shape... shapes) {
        return Stream.of(shapes).map(s -> new Input(DType.F32, s)).toArray(Input[]::new);
    }

    /**
     * Returns the table of {@link #summary(Shape...)} for one call of a net with methods of its own, on F32 inputs of
     * these shapes.
     */
    public String summary(BiFunction<M, Tensor[], ?> call, Shape... inputs) {
        requireNonNull(call, "Model.summary: call must not be null");
        requireNonNull(inputs, "Model.summary: inputs must not be null");
        return summary(call, floats(inputs));
    }

    /**
     * Returns the table of {@link #summary(Input...)} for one call of a net with methods of its own, on inputs of any
     * type.
     */
    public String summary(BiFunction<M, Tensor[], ?> call, Input... inputs) {
        requireNonNull(call, "Model.summary: call must not be null");
        requireNonNull(inputs, "Model.summary: inputs must not be null");
        store();
        return Summary.of(net, call, inputs);
    }

    /**
     * Returns the number of multiply-adds of one call on an input of this shape, as {@link #summary(Shape...)} adds
     * them up.
     *
     * @throws IllegalArgumentException if the net is not a {@link Layer}
     */
    public long multiplyAdds(Shape input) {
        requireNonNull(input, "Model.multiplyAdds: input must not be null");
        if (!(net instanceof Layer layer)) {
            throw new IllegalArgumentException(
                    "multiplyAdds: the net has its own methods; its summary with a call of them has the sum");
        }
        store();
        return Summary.multiplyAdds(layer, input);
    }

    /**
     * Returns what the net, a {@link Layer}, gives for every example of a dataset, in evaluation mode. The layer reads
     * the field {@code x} and is told the lengths of a ragged one; where its result has the steps of {@code x}, the
     * rows have no padding. The batches are as large as memory allows, which changes no bit ({@link Dataset#forEach});
     * give {@code data.batches(n)} for another size.
     *
     * <pre>{@code
     * int[] classes = model.predict(photos).classes();
     * float[][] sums = model.predict(pairs, (net, b) -> net.sum(b.get("left"), b.get("right"))).rows();
     * }</pre>
     *
     * <p>Nothing needs to be kept where results are read batch by batch: {@code data.forEach(batch ->
     * write(model.net().apply(batch)))}.
     *
     * @throws IllegalArgumentException if the net is not a Layer, has not one row for each example, or padding would
     *     change its result
     */
    public Predictions predict(Dataset data) {
        requireNonNull(data, "Model.predict: data must not be null");
        return predicted(data.size(), data::forEach);
    }

    /**
     * Returns what the net, a {@link Layer}, gives for every example of these batches, as {@link #predict(Dataset)}
     * does. The rows are in the order of the dataset, also where the batches are shuffled.
     */
    public Predictions predict(Batches batches) {
        requireNonNull(batches, "Model.predict: batches must not be null");
        return predicted(batches.data().size(), batches::forEach);
    }

    /**
     * Returns what {@code call} gives for every example of a dataset, in evaluation mode: for nets of several inputs,
     * or with methods of their own. Batches of ragged fields are padded, and {@code call} heeds their lengths.
     *
     * @throws IllegalArgumentException if {@code call} has not one row of one shape for each example
     */
    public Predictions predict(Dataset data, BiFunction<M, Batch, Tensor> call) {
        requireNonNull(data, "Model.predict: data must not be null");
        requireNonNull(call, "Model.predict: call must not be null");
        store();
        return Predictions.of(data.size(), data::forEach, false, batch -> call.apply(net, batch));
    }

    private Predictions predicted(int examples, Consumer<Consumer<Batch>> source) {
        store();
        if (!(net instanceof Layer layer)) {
            throw new IllegalArgumentException("predict: " + net.getClass().getSimpleName()
                    + " is not a Layer; call predict(data, (net, batch) -> net.method(batch.x(), ...))");
        }
        return Predictions.of(examples, source, Steps.kept(layer), layer::apply);
    }

    /**
     * Returns the name of the net with the number and the size of its parameters, and a line for each of the first
     * ones. {@link #summary} has the layers with their output shapes.
     */
    @Override
    public String toString() {
        StringJoiner lines = new StringJoiner(System.lineSeparator() + "  ");
        String name = net.getClass().isRecord() ? net.getClass().getSimpleName() : "function";
        String ended = store.ended();
        if (ended != null) {
            return lines.add("Model of a " + name + " that is " + ended).toString();
        }
        List<Parameter> all = parameters();
        List<Parameter> frozen =
                all.stream().filter(p -> !store.isTrainable(Store.index(p))).toList();
        lines.add(String.format(
                Locale.ROOT,
                "Model of a %s, %,d parameters in %d tensors%s, %d buffers, %,d bytes",
                name,
                parameterCount(),
                all.size(),
                frozen.isEmpty() ? "" : " of which " + frozen.size() + " are frozen",
                buffers().size(),
                bytes()));
        all.stream()
                .limit(LINES)
                .forEach(p -> lines.add(p.name() + " " + p.shape() + (frozen.contains(p) ? " frozen" : "")));
        if (all.size() > LINES) {
            lines.add("... and " + (all.size() - LINES) + " more");
        }
        return lines.toString();
    }

    /** Returns the size in bytes of the block of values. */
    public long bytes() {
        return store().values().bytes();
    }

    /** Closes the model. Its memory is freed as soon as no pass reads it. Closing twice does nothing. */
    @Override
    public void close() {
        store.close();
    }
}
