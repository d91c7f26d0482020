package dev.fathom.library;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.attack.ProjectedGradient;
import dev.fathom.attention.FeedForward;
import dev.fathom.attention.MultiHeadAttention;
import dev.fathom.attention.RotaryPositions;
import dev.fathom.attention.TransformerDecoderLayer;
import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.data.Padding;
import dev.fathom.decode.BeamSearch;
import dev.fathom.decode.LengthPenalty;
import dev.fathom.decode.Sampling;
import dev.fathom.decode.Writer;
import dev.fathom.derivative.LBfgs;
import dev.fathom.ensemble.Bagging;
import dev.fathom.ensemble.Combination;
import dev.fathom.ensemble.Stacking;
import dev.fathom.explain.Maximization;
import dev.fathom.features.LinearSvm;
import dev.fathom.features.NearestNeighbors;
import dev.fathom.finetune.Masking;
import dev.fathom.finetune.MultipleNegatives;
import dev.fathom.image.Augment;
import dev.fathom.image.Filter;
import dev.fathom.image.ImageFolder;
import dev.fathom.image.Preprocessing;
import dev.fathom.nets.Bilinear;
import dev.fathom.nets.GoogLeNet;
import dev.fathom.nets.Graph;
import dev.fathom.nets.GraphConv;
import dev.fathom.nets.LocallyConnected;
import dev.fathom.nets.PlainCnn;
import dev.fathom.nets.SparseLinear;
import dev.fathom.nets.SpectralNorm;
import dev.fathom.nn.AvgPool;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.ConvTransposed;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.GroupNorm;
import dev.fathom.nn.Init;
import dev.fathom.nn.InstanceNorm;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.LocalResponseNorm;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Pad;
import dev.fathom.nn.Penalty;
import dev.fathom.nn.RmsNorm;
import dev.fathom.op.Activation;
import dev.fathom.op.PadMode;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.optim.Adadelta;
import dev.fathom.optim.Adagrad;
import dev.fathom.optim.Adam;
import dev.fathom.optim.AdamW;
import dev.fathom.optim.Adamax;
import dev.fathom.optim.Ema;
import dev.fathom.optim.Group;
import dev.fathom.optim.Lamb;
import dev.fathom.optim.Lion;
import dev.fathom.optim.Muon;
import dev.fathom.optim.NAdam;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.RAdam;
import dev.fathom.optim.RmsProp;
import dev.fathom.optim.Rprop;
import dev.fathom.optim.Sam;
import dev.fathom.optim.Sgd;
import dev.fathom.serve.MicroBatcher;
import dev.fathom.sound.Mel;
import dev.fathom.sound.Stft;
import dev.fathom.tensor.Attention;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.train.Checkpoints;
import dev.fathom.train.ReduceOnPlateau;
import java.io.IOException;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.TypeVariable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A method that returns a record with another setting changes that component and no other one. */
class WithersTest {
    private static final Path API = Path.of(System.getProperty("fathom.root")).resolve("docs/api");
    private static final Window WINDOW = Window.of(3);
    private static final MultiHeadAttention HEADS = new MultiHeadAttention(8, 2);

    /** One record of each class. */
    private static final List<Record> RECORDS = List.of(
            MicroBatcher.Settings.of(4).lengths(8),
            ProjectedGradient.fast(0.1f),
            new FeedForward(8, 16, Activation.RELU),
            HEADS,
            new TransformerDecoderLayer(8, 2, 16, Activation.RELU),
            new TransformerEncoderLayer(8, 2, 16, Activation.RELU),
            Augment.shift(0.2f),
            ImageFolder.of(Path.of("folder"), Preprocessing.of(8, 8)),
            Padding.behind(),
            Preprocessing.of(1, 1),
            new BeamSearch(2, 0, 10),
            new Sampling(0, 10),
            Writer.of(new Writer.Sizes(5, 4, 4, 1, 0), Init.zeros(), Init.zeros()),
            new Masking(1, 10, 0.15, false),
            new MultipleNegatives(),
            new Bagging(new NearestNeighbors(1), 5),
            new Stacking(new NearestNeighbors(1), new NearestNeighbors(2)),
            new Maximization(10, 1, 0, 0),
            new LinearSvm(1),
            new NearestNeighbors(3),
            GoogLeNet.googlenet(10),
            new PlainCnn(1, 10, 1, 4),
            new AvgPool(2),
            new BatchNorm(4),
            new Bilinear(2, 3, 4),
            new Conv(3, 4, WINDOW),
            new ConvTransposed(3, 4, WINDOW),
            new Embedding(10, 4),
            new GraphConv(Graph.normalized(2, new int[] {0, 1}), 2, 3),
            new GroupNorm(2, 4),
            new InstanceNorm(),
            new LayerNorm(4),
            new Linear(2, 3),
            new LocalResponseNorm(5),
            new LocallyConnected(Shape.of(8, 8, 3), 4, 3),
            new MaxPool(2),
            new Pad(1, 1),
            Penalty.l2(0.1f),
            new RmsNorm(4),
            new SparseLinear(10, 2),
            new SpectralNorm(new Linear(2, 3)),
            new Adadelta(1),
            new Adagrad(1),
            new Adam(1),
            new AdamW(1),
            new Adamax(1),
            new Ema(new Sgd(1), 0.9f),
            Group.of("*"),
            new LBfgs(),
            new Lamb(1),
            new Lion(1),
            new Muon(1),
            new NAdam(1),
            new RAdam(1),
            new RmsProp(1),
            new Rprop(1),
            new Sam(new Sgd(1)),
            new Sgd(1).momentum(0.9f),
            Mel.htk(16_000, 512, 40),
            new Stft(512),
            new Attention(2),
            Checkpoints.in(Path.of("folder")),
            new ReduceOnPlateau(3));

    /** The components that a method changes where it is not called as the only one. */
    private static final Map<String, String> CHANGES = Map.ofEntries(
            Map.entry("ProjectedGradient.toward", "step"),
            Map.entry("FeedForward.withoutBias", "linear1 linear2"),
            Map.entry("MultiHeadAttention.withoutBias", "projections outProj"),
            Map.entry("Writer.remembering", "decoder"),
            Map.entry("TransformerDecoderLayer.attention", "selfAttn"),
            Map.entry("TransformerDecoderLayer.memoryAttention", "multiheadAttn"),
            Map.entry("TransformerDecoderLayer.dropout", "selfAttn multiheadAttn feedForward dropout"),
            Map.entry("TransformerDecoderLayer.norms", "norm1 norm2 norm3"),
            Map.entry("TransformerDecoderLayer.normsFirst", "normFirst"),
            Map.entry("TransformerEncoderLayer.attention", "selfAttn"),
            Map.entry("TransformerEncoderLayer.dropout", "selfAttn feedForward dropout"),
            Map.entry("TransformerEncoderLayer.norms", "norm1 norm2"),
            Map.entry("TransformerEncoderLayer.normsFirst", "normFirst"),
            Map.entry("Masking.ofWords", "wholeWords"),
            Map.entry("MultipleNegatives.bothWays", "symmetric"),
            Map.entry("Augment.extended", "edge"),
            Map.entry("ImageFolder.classes", "names"),
            Map.entry("ImageFolder.skipDamaged", "skip"),
            Map.entry("Padding.keepEnd", "end"),
            Map.entry("Padding.length", "limit fixed"),
            Map.entry("Preprocessing.normalized", "mean deviation"),
            Map.entry("Preprocessing.size", "height width"),
            Map.entry("Preprocessing.shorter", "fit"),
            Map.entry("Preprocessing.stretched", "fit"),
            Map.entry("Preprocessing.gray", "channels mean deviation"),
            Map.entry("Bagging.withoutReplacement", "share replacement"),
            Map.entry("Stacking.passingThrough", "passThrough"),
            Map.entry("LinearSvm.hinge", "squared"),
            Map.entry("LinearSvm.until", "tolerance mostRounds"),
            Map.entry("NearestNeighbors.weightedByDistance", "byDistance"),
            Map.entry("GoogLeNet.withoutHeads", "aux1 aux2"),
            Map.entry("PlainCnn.deep", "stem body linear"),
            Map.entry("PlainCnn.recomputed", "body"),
            Map.entry("AvgPool.excludingPadding", "countPadding"),
            Map.entry("withoutAffine", "weight bias"),
            Map.entry("withBias", "bias"),
            Map.entry("withoutBias", "bias"),
            Map.entry("act", "activation"),
            Map.entry("Conv.withWeight", "weight"),
            Map.entry("Embedding.padding", "weight padding"),
            Map.entry("betas", "beta1 beta2"),
            Map.entry("withAmsGrad", "amsGrad"),
            Map.entry("withDecoupledDecay", "decoupled"),
            Map.entry("Ema.withCorrection", "corrected"),
            Map.entry("Group.lazy", "onlyRows"),
            Map.entry("Muon.momentum", "momentum nesterov"),
            Map.entry("Muon.others", "others patterns"),
            Map.entry("RmsProp.withCentering", "centered"),
            Map.entry("Rprop.factors", "shrink grow"),
            Map.entry("Rprop.limits", "least most"),
            Map.entry("Sam.withAdaptation", "adaptive"),
            Map.entry("Sgd.withNesterov", "nesterov"),
            Map.entry("Mel.between", "low high"),
            Map.entry("Stft.uncentered", "center"),
            Map.entry("Attention.causal", "mask"),
            Map.entry("Checkpoints.replace", "replacing"),
            Map.entry("Checkpoints.withoutBest", "best"),
            Map.entry("ReduceOnPlateau.absoluteThreshold", "threshold absolute"));

    /** Records whose methods compute another one, and do not change a setting. */
    private static final Set<String> NO_SETTINGS = Set.of(
            "dev.fathom.ensemble.Ensemble",
            "dev.fathom.explain.Maps",
            "dev.fathom.features.Examples",
            "dev.fathom.features.NetLearner",
            "dev.fathom.features.SparseRows",
            "dev.fathom.op.Window",
            "dev.fathom.recurrent.Recurrent",
            "dev.fathom.tensor.AttentionMask",
            "dev.fathom.tensor.State",
            "dev.fathom.train.Step.Result");

    /** What a parameter is given: the first of its type that the method takes. */
    private static final List<Object> VALUES = List.of(
            0.25f,
            0.5f,
            3f,
            0.3,
            0.6,
            5000.0,
            4,
            6,
            1,
            false,
            new String[] {"some*"},
            new Integer[] {16, 32},
            List.of("a"),
            List.of(2f, 3f, 4f),
            List.of(5f, 6f, 7f),
            Path.of("other"),
            Duration.ofMinutes(5),
            dev.fathom.decode.StopCondition.after(3),
            Filter.NEAREST,
            PadMode.REFLECT,
            WINDOW.stride(2),
            Activation.GELU,
            Init.normal(0, 1),
            RotaryPositions.halves(10, 4),
            HEADS.dropout(0.5f),
            new LayerNorm(8),
            new RmsNorm(8),
            new LayerNorm(8),
            new FeedForward(8, 8, Activation.RELU),
            new Sgd(2),
            Sgd.Velocity.STEPS,
            Adam.AmsGrad.CORRECTED,
            LengthPenalty.power(1),
            Combination.MEDIAN,
            AttentionMask.CAUSAL);

    @Test
    void eachMethodChangesWhatItSaysAndNothingElse() throws Exception {
        Map<String, Record> records =
                RECORDS.stream().collect(Collectors.toMap(r -> r.getClass().getCanonicalName(), r -> r));
        Set<String> unused = new TreeSet<>(CHANGES.keySet());
        Set<String> seen = new TreeSet<>();
        Set<String> types = types();
        types.addAll(records.keySet()); // also those whose methods are all of an interface
        for (String type : types) {
            if (NO_SETTINGS.contains(type)) {
                continue;
            }
            assertThat(records).as("RECORDS lacks it").containsKey(type);
            Record before = records.get(type);
            for (Method method : before.getClass().getMethods()) {
                boolean inherited = method.getDeclaringClass().getPackage() == Optimizer.class.getPackage()
                        && method.getGenericReturnType() instanceof TypeVariable;
                boolean own = method.getReturnType() == before.getClass() && !Modifier.isStatic(method.getModifiers());
                if (own || inherited) {
                    String name = before.getClass().getSimpleName() + "." + method.getName();
                    String key = CHANGES.containsKey(name) ? name : method.getName();
                    unused.remove(key);
                    seen.add(type);
                    check(
                            name,
                            method,
                            before,
                            List.of(CHANGES.getOrDefault(key, key).split(" ")));
                }
            }
        }
        assertThat(unused).as("CHANGES names methods that are not there").isEmpty();
        assertThat(seen).as("RECORDS has records without such a method").containsAll(records.keySet());
    }

    /** The public records with a method that returns another record of their class. */
    private static Set<String> types() throws IOException {
        StringBuilder all = new StringBuilder("\n");
        for (Path module : ApiTest.modules()) {
            all.append(Files.readString(API.resolve(module.getFileName() + ".txt")));
        }
        String api = all.toString();
        Set<String> types = new TreeSet<>();
        Pattern.compile("(?m)^([\\w.]+)\\.\\w+\\(.*\\): \\1$")
                .matcher(api)
                .results()
                .map(m -> m.group(1))
                .filter(type -> api.contains("\n" + type + ": record("))
                .forEach(types::add);
        assertThat(types).hasSizeGreaterThan(50);
        return types;
    }

    private static void check(String name, Method method, Record before, List<String> changed) throws Exception {
        List<List<Object>> calls = List.of(List.of());
        for (Class<?> type : method.getParameterTypes()) {
            calls = calls.stream()
                    .flatMap(given -> VALUES.stream()
                            .filter(v -> fits(type, v) && !given.contains(v))
                            .map(v ->
                                    Stream.concat(given.stream(), Stream.of(v)).toList()))
                    .toList();
        }
        for (List<Object> given : calls) {
            Object after;
            try {
                after = method.invoke(before, given.toArray());
            } catch (InvocationTargetException e) {
                if (e.getCause() instanceof IllegalArgumentException refused
                        && !refused.getMessage().startsWith("with: ")) {
                    continue; // out of the range of this setting: try the next
                }
                throw e;
            }
            List<String> differ = new ArrayList<>();
            List<Object> values = new ArrayList<>();
            for (RecordComponent c : before.getClass().getRecordComponents()) {
                Object value = c.getAccessor().invoke(after);
                Object old = c.getAccessor().invoke(before);
                boolean copied = c.getType().isPrimitive() || c.getType().isArray(); // an accessor makes these anew
                if (copied ? !Objects.deepEquals(value, old) : value != old) {
                    differ.add(c.getName());
                    values.add(value instanceof String[] texts ? List.of(texts) : value);
                }
            }
            assertThat(differ).as(name + given).containsExactlyElementsOf(changed);
            for (int i = 0; i < given.size() && values.size() >= given.size(); i++) {
                Object value = given.get(i) instanceof String[] texts ? List.of(texts) : given.get(i);
                if (value.getClass() == values.get(i).getClass()) {
                    assertThat(values.get(i)).as(name + given).isEqualTo(value);
                }
            }
            return;
        }
        throw new AssertionError("no value of VALUES is one that " + name + " takes");
    }

    private static boolean fits(Class<?> type, Object value) {
        return type.isPrimitive()
                ? Array.get(Array.newInstance(type, 1), 0).getClass() == value.getClass()
                : type.isInstance(value);
    }
}
