package dev.fathom.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.fathom.data.Dataset;
import dev.fathom.decode.CachedDecoder;
import dev.fathom.decode.Decoder;
import dev.fathom.decode.Gpt;
import dev.fathom.decode.NextToken;
import dev.fathom.decode.Sampling;
import dev.fathom.ensemble.Bagging;
import dev.fathom.ensemble.Stacking;
import dev.fathom.ensemble.Stump;
import dev.fathom.features.Examples;
import dev.fathom.features.Lda;
import dev.fathom.features.LinearSvm;
import dev.fathom.features.NearestNeighbors;
import dev.fathom.features.NetLearner;
import dev.fathom.features.OneVsRest;
import dev.fathom.features.Prediction;
import dev.fathom.finetune.Lora;
import dev.fathom.image.ImageFolder;
import dev.fathom.io.MappedFile;
import dev.fathom.io.Npy;
import dev.fathom.io.Safetensors;
import dev.fathom.io.TensorFile;
import dev.fathom.linear.Lasso;
import dev.fathom.linear.LeastSquares;
import dev.fathom.linear.LogisticRegression;
import dev.fathom.linear.Ridge;
import dev.fathom.memory.Memory;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.offheap.Block;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.parameter.Parameter;
import dev.fathom.plan.Plan;
import dev.fathom.plan.PlanFile;
import dev.fathom.pretrained.Classifier;
import dev.fathom.pretrained.Embedder;
import dev.fathom.pretrained.FillMask;
import dev.fathom.pretrained.HeadTuning;
import dev.fathom.pretrained.QuestionAnswering;
import dev.fathom.pretrained.TextWriter;
import dev.fathom.pretrained.TokenClassifier;
import dev.fathom.retrieval.TextIndex;
import dev.fathom.retrieval.VectorFile;
import dev.fathom.search.Dimension;
import dev.fathom.search.ScoreRegressor;
import dev.fathom.search.Search;
import dev.fathom.search.Space;
import dev.fathom.serve.FunctionBatcher;
import dev.fathom.serve.MicroBatcher;
import dev.fathom.serve.Served;
import dev.fathom.serve.SessionPool;
import dev.fathom.serve.StreamPool;
import dev.fathom.serve.http.ServedModel;
import dev.fathom.serve.http.ServedText;
import dev.fathom.serve.http.Service;
import dev.fathom.store.Store;
import dev.fathom.tensor.KeptState;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.SettledMemory;
import dev.fathom.train.Checkpoints;
import dev.fathom.train.Monitor;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Proxy;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.IntToLongFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Closing twice does nothing, for everything that can be closed. */
class LibraryClosingTest {
    private static JavaClasses library() {
        Path java = Path.of(System.getProperty("fathom.root"), "java");
        return new ClassFileImporter()
                .importPaths(Stream.of(
                                "fathom",
                                "fathom-tables",
                                "fathom-files",
                                "fathom-text",
                                "fathom-media",
                                "fathom-learn",
                                "fathom-nets",
                                "fathom-serve")
                        .map(module -> java.resolve(module).resolve("target/classes"))
                        .toList());
    }

    private static ServedModel served(Path plans) {
        return new ServedModel("plan", Plan.load(plans), MicroBatcher.Settings.of(2));
    }

    /** The name of a class in the map of makers; what is fitted is named with its method. */
    private static String name(Class<?> type) {
        String name = type.getSimpleName();
        return name.equals("Fit") ? type.getEnclosingClass().getSimpleName() + " " + name : name;
    }

    /** Everything of the library that can be closed, by its class file, so that nothing new is forgotten. */
    static List<Class<?>> closeable() {
        return library().stream()
                .filter(c -> c.isAssignableTo(AutoCloseable.class) && !c.isInterface())
                // what wraps a stream within one method
                .filter(c -> !c.isAssignableTo(InputStream.class) && !c.isAssignableTo(OutputStream.class))
                .map(JavaClass::reflect)
                .filter(c -> !c.isAnonymousClass())
                .<Class<?>>map(c -> c)
                .toList();
    }

    /** Finds all tokens equally likely. */
    private static final NextToken EVEN = new NextToken() {
        @Override
        public FloatBuffer step(int... tokens) {
            return FloatBuffer.allocate(3 * tokens.length);
        }

        @Override
        public void reorder(int[] parents) {}
    };

    @TempDir
    Path folder;

    private Model<Linear> model;
    private Plan plan;
    private Dataset data;
    private Model<Gpt> gpt;
    private CachedDecoder decoder;
    private Embedder embedder;
    private TextWriter writer;
    private ServedText served;
    /** How to make one of each class. */
    private final Map<String, Callable<AutoCloseable>> makers = new TreeMap<>();

    @BeforeEach
    void makers() throws Exception {
        model = Model.of(new Linear(2, 2), 1);
        plan = Plan.freeze(model, Shape.of(1, 2));
        data = Dataset.of(new float[8], Shape.of(2), new int[4]);
        Path file = folder.resolve("net.safetensors");
        model.save(file);
        makers.put("Model", () -> Model.of(new Linear(2, 2), 1));
        makers.put("Plan", () -> Plan.freeze(model, Shape.of(1, 2)));
        makers.put("Session", plan::newSession);
        makers.put("Dataset", () -> Dataset.of(new float[4], Shape.of(2), new int[2]));
        makers.put("Images", () -> new ImageFolder.Images(data.take(0, 1), List.of("all"), List.of()));
        makers.put("BoundOptimizer", () -> new Adam(1e-3f).on(model));
        makers.put("Pass", Pass::infer);
        makers.put("KeptTensor", () -> {
            try (Pass pass = Pass.infer()) {
                return Tensor.ones(3).keep();
            }
        });
        makers.put("KeptState", () -> {
            KeptState carried = new KeptState();
            try (Pass pass = Pass.infer()) {
                carried.keep(State.of("hidden", Tensor.ones(2, 1, 3)));
            }
            return carried;
        });
        makers.put("Decoder", () -> {
            try (Pass pass = Pass.infer()) {
                return new Decoder((token, state) -> new Next(state.get("h"), state), State.of("h", Tensor.ones(2, 3)));
            }
        });
        Examples examples = Examples.of(new float[][] {{0}, {1}, {3}, {4}}, 0, 0, 1, 1);
        makers.put("Lda", () -> Lda.fit(examples));
        makers.put("Machine", () -> (AutoCloseable) new LinearSvm(1).fit(examples, 1));
        makers.put("Index", () -> new NearestNeighbors(1).fit(examples, 1));
        makers.put("Members", () -> new OneVsRest(new NearestNeighbors(1)).fit(examples, 1));
        NetLearner learner = NetLearner.classifier(() -> new Linear(1, 2), new Adam(1e-3f), 4, 1);
        makers.put(
                "Trained",
                () -> new NetLearner.Trained(learner, Model.of(new Linear(1, 2), 1), 1, Prediction.PROBABILITIES));
        Space space = Space.of(Dimension.whole("n", 0, 3));
        makers.put(
                "ScoreRegressor",
                () -> ScoreRegressor.fit(
                        space,
                        Search.maximize(space, t -> t.whole("n")).random(3).all(),
                        new Stump(),
                        1));
        double[][] x = {{0}, {1}, {3}, {5}};
        double[] y = {0, 2, 5, 11};
        makers.put("LeastSquares", () -> LeastSquares.fit(x, y));
        makers.put("Lasso", () -> Lasso.path(x, y, 0.1).get(0));
        makers.put("Ridge Fit", () -> new Ridge(1).fit(examples, 1));
        makers.put("LogisticRegression Fit", () -> new LogisticRegression(0.01).fit(examples, 1));
        makers.put("Sure", () -> make("Sure", 2, 0, Prediction.PROBABILITIES));
        makers.put("Question", () -> new Stump().fit(examples, 1));
        makers.put("Ensemble", () -> new Bagging(new Stump(), 2).fit(examples, 1));
        makers.put(
                "Stack", () -> new Stacking(new Stump(), new Stump()).folds(2).fit(examples, 1));
        makers.put("Safetensors", () -> Safetensors.read(file));
        makers.put("Block", () -> new Block("closing", 4096));
        makers.put(
                "Store", () -> new Store(List.of(new Parameter(Shape.of(2), (s, rng) -> new float[2])), List.of("w")));
        makers.put(
                "Fitting",
                () -> make("Fitting", "fit", trainer(), new Monitor("loss", false), data.batches(2), null, 1, null));
        makers.put("Shards", () -> make("Shards", trainer().shards(2).replicas(2), data.batches(2), new Rng(1)));
        makers.put("Beside", () -> make("Beside", "fathom-exchange"));
        makers.put("Rehearsal", () -> make("Rehearsal", trainer(), data.batches(2), 1, true));
        Path runs = folder.resolve("runs"); // the model has its gradients from here on
        trainer().checkpoints(Checkpoints.in(runs)).fit(data.batches(2), 1);
        Path checkpoint = Checkpoints.newest(runs).orElseThrow();
        makers.put("Run", () -> {
            Run run = trainer().start(data.batches(2), 1);
            run.await();
            return run;
        });
        makers.put("Checkpoint", () -> make("Checkpoint", checkpoint, Safetensors.read(checkpoint)));
        makers.put("CallGraph", () -> make("CallGraph", new int[0], object("Sizes", 1, 1), Map.of(), null));
        Path numbers = folder.resolve("numbers.npy");
        Npy.write(numbers, Shape.of(2), FloatBuffer.allocate(2));
        makers.put("MappedFile", () -> MappedFile.open(numbers));
        makers.put(
                "MappedImages", () -> make("MappedImages", MappedFile.open(numbers), 0L, Shape.of(2), new int[1], 1));
        makers.put("NpyFile", () -> make("NpyFile", Npy.read(numbers), MappedFile.open(numbers), 128L));
        makers.put(
                "NpyPair",
                () -> make(
                        "NpyPair",
                        makers.get("NpyFile").call(),
                        makers.get("NpyFile").call(),
                        0));
        makers.put("Tokens", () -> {
            IntToLongFunction start = i -> i;
            return make("Tokens", object("Sequence", new int[3], MappedFile.open(numbers), 0L, 3L), 1L, 1, start);
        });
        makers.put("Writer", () -> {
            Field source = Dataset.class.getDeclaredField("source");
            source.setAccessible(true);
            return make("Writer", folder.resolve("spill" + System.nanoTime()), source.get(data));
        });
        makers.put("Spill", () -> {
            try (AutoCloseable writer = makers.get("Writer").call()) {
                return make("Spill", writer);
            }
        });
        gpt = Model.of(Gpt.of(new Gpt.Sizes(5, 4, 4, 1, 1), 0), 1);
        decoder = CachedDecoder.of(gpt);
        makers.put("CachedDecoder", () -> CachedDecoder.of(gpt));
        makers.put("Sequences", decoder::sequences);
        makers.put("Choices", () -> make("Choices", "closing", -1, 1));
        Sampling sampling = new Sampling(-1, 2);
        makers.put("Writing", () -> make("Writing", "closing", sampling, EVEN, new Rng(1), new int[][] {{0}}));
        makers.put("Continuation", () -> {
            Sampling.Continuation tokens = sampling.tokens(EVEN, new Rng(1), 0);
            tokens.nextInt(); // takes memory
            return tokens;
        });
        makers.put("TensorFile", () -> new TensorFile("none", List.of(), Map.of(), () -> {}));
        Path pretrained = Path.of(System.getProperty("fathom.root"), "test-data", "pretrained");
        Path vectors = folder.resolve("vectors.safetensors");
        VectorFile.write(vectors, 2, VectorFile.Metric.DOT, true, rows -> rows.add(new float[] {1, 2}));
        Path plans = folder.resolve("closing.plan");
        plan.save(plans);
        makers.put("PlanFile", () -> PlanFile.load(plans));
        makers.put("SessionPool", () -> new SessionPool(1, plan::newSession));
        makers.put("StreamPool", () -> new StreamPool<String>(1, plan::newSession));
        makers.put("Served", () -> new Served(Plan.load(plans), 1, Plan::newSession));
        makers.put("ServedModel", () -> served(plans));
        makers.put("Service", () -> Service.on(0).model(served(plans)).start());
        MicroBatcher.Settings two = MicroBatcher.Settings.of(2);
        makers.put("FunctionBatcher", () -> new FunctionBatcher<String, String>(all -> all, two));
        Path texts = pretrained.resolve("by-transformers");
        makers.put("ServedEmbedder", () -> ServedText.load("a", texts.resolve("sentences-mean"), two));
        makers.put("ServedClassifier", () -> ServedText.load("a", texts.resolve("bert-classes"), two));
        makers.put("ServedWriter", () -> ServedText.load("a", texts.resolve("gpt2"), two));
        makers.put("ServedText", makers.get("ServedWriter"));
        served = ServedText.load("a", texts.resolve("gpt2"), two);
        makers.put("Completion", () -> make("Completion", Map.of("prompt", "a"), served, Duration.ofSeconds(9)));
        makers.put("MicroBatcher", () -> new MicroBatcher(Plan.load(plans), MicroBatcher.Settings.of(2)));
        makers.put("VectorFile", () -> VectorFile.load(vectors));
        embedder = Embedder.load(pretrained.resolve("heads-bert"));
        makers.put("TextIndex", () -> TextIndex.of(Files.createDirectories(folder.resolve("texts")), embedder));
        makers.get("TextIndex").call().close(); // the embedder keeps the session of its first run
        makers.put("Embedder", () -> Embedder.load(pretrained.resolve("heads-bert")));
        makers.put("HeadTuning", () -> HeadTuning.stored(pretrained.resolve("heads-bert")));
        makers.put("Lora", () -> Lora.of(gpt, 1, 1, 1));
        makers.put("TextWriter", () -> TextWriter.load(pretrained.resolve("gpt2")));
        writer = TextWriter.load(pretrained.resolve("gpt2"));
        makers.put("Pieces", () -> writer.pieces("a"));
        makers.put("Classifier", () -> Classifier.load(headed("ForSequenceClassification")));
        makers.put("TextHead", () -> {
            Field head = Classifier.class.getDeclaredField("head");
            head.setAccessible(true);
            return (AutoCloseable) head.get(Classifier.load(headed("ForSequenceClassification")));
        });
        makers.put("Reranker", () -> make("Reranker", makers.get("TextHead").call(), true));
        makers.put("TextRuns", () -> {
            Class<?> weights = Class.forName("dev.fathom.pretrained.TextRuns$Weights");
            Class<?> function = Class.forName("dev.fathom.pretrained.TextRuns$Function");
            return make(
                    "TextRuns",
                    Model.of(new Linear(2, 2), 1), // which the plan takes over
                    8,
                    2,
                    proxy(weights, args -> null),
                    proxy(function, args -> ((Tensor) args[2]).mul(2)));
        });
        makers.put("TokenClassifier", () -> TokenClassifier.load(headed("ForTokenClassification")));
        makers.put("FillMask", () -> FillMask.load(headed("ForMaskedLM")));
        makers.put("QuestionAnswering", () -> QuestionAnswering.load(headed("ForQuestionAnswering")));
        makers.put("Traces", () -> make("Traces", List.of(), Function.identity()));
    }

    /** One of an interface that is not public. */
    private static Object proxy(Class<?> type, Function<Object[], Object> method) {
        return Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (self, called, args) -> method.apply(args));
    }

    /** A folder with the head of this task. */
    private Path headed(String task) throws IOException {
        Path to = folder.resolve("headed" + System.nanoTime());
        Files.createDirectories(to);
        try (Stream<Path> files =
                Files.list(Path.of(System.getProperty("fathom.root"), "test-data", "pretrained", "heads-bert"))) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
        Path config = to.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("ForSequenceClassification", task));
        return to;
    }

    private Trainer<?> trainer() {
        return Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f)).keepBest();
    }

    /** What a class that is not public makes of these. */
    private static AutoCloseable make(String name, Object... values) throws ReflectiveOperationException {
        return (AutoCloseable) object(name, values);
    }

    private static Object object(String name, Object... values) throws ReflectiveOperationException {
        Constructor<?> constructor = library().stream()
                .filter(c ->
                        c.getSimpleName().equals(name) && !c.getPackageName().endsWith(".nn"))
                .flatMap(c -> Arrays.stream(c.reflect().getDeclaredConstructors()))
                .filter(c -> c.getParameterCount() == values.length)
                .findFirst()
                .orElseThrow();
        constructor.setAccessible(true);
        return constructor.newInstance(values);
    }

    @AfterEach
    void close() {
        served.close();
        embedder.close();
        writer.close();
        decoder.close();
        gpt.close();
        data.close();
        plan.close();
        model.close();
    }

    @Test
    void thereIsACaseForEachClass() {
        assertThat(makers.keySet())
                .containsExactlyInAnyOrderElementsOf(
                        closeable().stream().map(LibraryClosingTest::name).toList());
    }

    /** Another of the kind lives meanwhile: it may have the memory that the first gave back, and must keep it. */
    @ParameterizedTest
    @MethodSource("closeable")
    void closingTwiceDoesNothing(Class<?> type) throws Exception {
        Callable<AutoCloseable> maker = makers.get(name(type));
        assertThat(maker).as("add a case for " + type).isNotNull();
        SettledMemory.owned();
        Memory.Stats before = Memory.stats();
        AutoCloseable first = maker.call();
        first.close();
        Memory.Stats closed = Memory.stats();
        assertThat(closed.owned()).isEqualTo(before.owned());
        AutoCloseable second = maker.call();
        Memory.Stats open = Memory.stats();
        assertThatCode(first::close).doesNotThrowAnyException();
        assertThat(Memory.stats().owned()).isEqualTo(open.owned());
        assertThat(Memory.stats().passes()).isEqualTo(open.passes());
        second.close();
        second.close();
        assertThat(Memory.stats().owned()).isEqualTo(before.owned());
        assertThat(Memory.stats().passes()).isEqualTo(before.passes());
    }
}
