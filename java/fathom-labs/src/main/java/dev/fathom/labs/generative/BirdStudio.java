package dev.fathom.labs.generative;

import dev.fathom.assess.ConfusionMatrix;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Bird;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Reserved;
import dev.fathom.text.Texts;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.Words;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Birds with captions, a net that reads captions, and a net that reads pictures. Both answer the same questions: which
 * color each part has and what the two sizes are, or that it is not said.
 */
final class BirdStudio implements AutoCloseable {
    static final int BATCH = 64;
    /** With how many captions that do not fit a picture it is seen. */
    static final int OTHERS = 8;

    private static final Words WORDS = new Words().lowerCase().withoutPunctuation();
    private static final int QUESTIONS = Bird.PARTS + 2;
    /** The colors, and that none is said; sizes use the first two and the last. */
    private static final int CHOICES = Bird.COLORS.size() + 1;

    private final Lab lab;
    private final List<Bird> birds;
    private final List<Bird> tests;
    private final Vocabulary vocabulary;
    private final Model<CaptionNet> captions;
    private final Model<Layer> reader;

    /**
     * A recurrent net over the words of a caption. Its last state is the text that the drawing nets see, so they are
     * told the same for captions that mean the same.
     *
     * @param out from the last state to the logits of all answers
     */
    record CaptionNet(Embedding words, Recurrent cell, Linear out) implements Net {
        /** How many numbers stand for a caption. */
        static final int WIDTH = 64;

        CaptionNet(int vocabulary) {
            this(
                    new Embedding(vocabulary, 32).padding(0),
                    Recurrent.gru(32, WIDTH),
                    new Linear(WIDTH, QUESTIONS * CHOICES));
        }

        Tensor read(Tensor tokens, Tensor lengths) {
            return cell.run(words.apply(tokens), State.EMPTY, lengths).last();
        }
    }

    /** Draws birds, {@code n} to learn from and {@code held} others. */
    BirdStudio(Lab lab, int n, int held) {
        this.lab = lab;
        birds = draw(n, "birds", caption -> true);
        Set<String> learned = birds.stream().map(Bird::caption).collect(Collectors.toSet());
        tests = draw(held, "test birds", caption -> !learned.contains(caption));
        Texts texts = Texts.of(birds.stream().map(Bird::caption).toList());
        vocabulary = Vocabulary.of(texts.tokens(WORDS)).reserved(Reserved.STANDARD);
        captions = Model.of(new CaptionNet(vocabulary.size()), lab.seed());
        reader = Model.of(
                new Sequential(
                        new Conv(3, 32, 3).pad(1).act(Activation.RELU),
                        new Conv(32, 32, 4).stride(2).pad(1).act(Activation.RELU),
                        new Flatten(),
                        new Linear(8 * 8 * 32, 128).act(Activation.RELU),
                        new Linear(128, QUESTIONS * CHOICES)),
                lab.seed());
    }

    /** Draws birds until {@code n} of them have a caption that is wanted. */
    private List<Bird> draw(int n, String name, Predicate<String> wanted) {
        Rng rng = lab.rng(name);
        Stream<Bird> all = Stream.generate(() -> Bird.draw(rng));
        return all.filter(bird -> wanted.test(bird.caption())).limit(n).toList();
    }

    List<Bird> tests() {
        return tests;
    }

    /** Pictures of birds, whose places, scales and lights are those of the random stream of this name. */
    private byte[] pixels(List<Bird> some, String stream) {
        Rng rng = lab.rng(stream);
        ByteBuffer all = ByteBuffer.allocate(some.size() * Bird.SIDE * Bird.SIDE * 3);
        some.forEach(bird -> all.put(bird.pixels(rng)));
        return all.array();
    }

    /** Pictures of test birds as numbers from -1 to 1, in places that no bird to learn from was given. */
    float[] pictures(List<Bird> some) {
        byte[] bytes = pixels(some, "test places");
        float[] all = new float[bytes.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = (bytes[i] & 255) / 127.5f - 1;
        }
        return all;
    }

    /** The pictures to learn from, of numbers from -1 to 1, with what belongs to each. */
    private Dataset pictures(Field... fields) {
        Field x = Field.pixels("x", Shape.of(Bird.SIDE, Bird.SIDE, 3), pixels(birds, "places"));
        try (Dataset bytes = Dataset.of(
                Stream.concat(Stream.of(x.input()), Arrays.stream(fields)).toArray(Field[]::new))) {
            return bytes.scaled(2f / 255, -1);
        }
    }

    /**
     * The pictures to learn from, with the numbers that stand for their captions and, as {@code others}, for
     * {@link #OTHERS} captions that do not fit.
     */
    Dataset captioned() {
        float[] text = read(birds).text();
        int width = CaptionNet.WIDTH;
        float[] others = new float[birds.size() * OTHERS * width];
        IntStream.range(0, birds.size()).parallel().forEach(i -> {
            int[] some = others(birds, i);
            for (int k = 0; k < OTHERS; k++) {
                System.arraycopy(text, some[k] * width, others, (i * OTHERS + k) * width, width);
            }
        });
        return pictures(
                Field.floats("y", Shape.of(width), text).target(),
                Field.floats("others", Shape.of(OTHERS, width), others));
    }

    /**
     * The birds whose captions are most like that of one bird among those that do not fit it, such as all that call its
     * belly another color and else say the same; if there are fewer than {@link #OTHERS}, they come again.
     */
    static int[] others(List<Bird> birds, int one) {
        Bird bird = birds.get(one);
        int[] unlike = birds.stream()
                .mapToInt(other -> bird.contradicts(other.said()) ? bird.differences(other.said()) : Integer.MAX_VALUE)
                .toArray();
        int least = Arrays.stream(unlike).min().orElseThrow();
        int[] nearest = IntStream.range(0, unlike.length)
                .map(i -> (one + i) % unlike.length)
                .filter(i -> unlike[i] == least)
                .limit(OTHERS)
                .toArray();
        return IntStream.range(0, OTHERS).map(k -> nearest[k % nearest.length]).toArray();
    }

    /** Trains the net that reads captions, and that which reads pictures of 16 x 16. */
    void learn() {
        try (Dataset texts = Dataset.of(
                        Field.ragged("x", ids(birds)).input(), answers(false).target());
                Dataset pictures = pictures(answers(true).target())) {
            var reading = Trainer.custom(captions, new Adam(3e-3f), (net, batch) -> {
                Tensor text = net.read(batch.x(), batch.lengths("x"));
                return new Step.Result(loss(net.out().apply(text), batch.y()));
            });
            learn("captions", reading, texts, lab.of(12, 5));
            var looking = Trainer.custom(
                    reader,
                    new Adam(2e-3f),
                    (net, batch) -> new Step.Result(loss(net.apply(batch.x().avgPool(2)), batch.y())));
            learn("pictures", looking, pictures, lab.of(12, 6));
        }
    }

    private <M extends Net> void learn(String what, Trainer<M> trainer, Dataset data, int epochs) {
        lab.train("the net that reads " + what, what, trainer, data, BATCH, epochs);
    }

    /** The mean cross-entropy of all questions, with the right answers [n, questions]. */
    private static Tensor loss(Tensor logits, Tensor answers) {
        int n = logits.dim(0) * QUESTIONS;
        return Loss.crossEntropy().of(logits.reshape(n, CHOICES), answers.reshape(n));
    }

    /** The likeliest answers [n, questions]. */
    private static int[] best(Tensor logits) {
        return logits.reshape(logits.dim(0) * QUESTIONS, CHOICES).argmax(1).toIntArray();
    }

    private int[][] ids(List<Bird> some) {
        return some.stream()
                .map(bird -> vocabulary.ids(WORDS.tokens(bird.caption())))
                .toArray(int[][]::new);
    }

    private Field answers(boolean drawn) {
        return Field.ints("y", Shape.of(QUESTIONS), answers(birds, drawn));
    }

    /** The answers about each bird: what its caption says, or how it is drawn, which leaves the sizes open. */
    private static int[] answers(List<Bird> some, boolean drawn) {
        return some.stream()
                .flatMapToInt(bird -> Arrays.stream(drawn ? bird.colors() : bird.said()))
                .map(answer -> answer < 0 ? CHOICES - 1 : answer)
                .toArray();
    }

    /** The numbers that stand for the captions of birds, and the net's answers to all questions. */
    record Read(float[] text, int[] answers) {}

    Read read(List<Bird> some) {
        int[][] ids = ids(some);
        int[] lengths = Arrays.stream(ids).mapToInt(row -> row.length).toArray();
        int longest = Arrays.stream(lengths).max().orElse(1);
        int[] tokens = Arrays.stream(ids)
                .flatMapToInt(row -> Arrays.stream(Arrays.copyOf(row, longest)))
                .toArray();
        try (Pass pass = Pass.infer()) {
            CaptionNet net = captions.net();
            Tensor text = net.read(Tensor.ofInts(tokens, ids.length, longest), Tensor.ofInts(lengths, ids.length));
            return new Read(text.toArray(), best(net.out().apply(text)));
        }
    }

    /** The share of answers that the net gives right to captions it has not learned from. */
    double captionAccuracy() {
        return ConfusionMatrix.of(answers(tests, false), read(tests).answers(), CHOICES)
                .accuracy();
    }

    /** For each bird, the share of the colors its caption says that the net reads in its picture of 16 x 16. */
    double[] fit(float[] pictures, List<Bird> some) {
        int n = some.size();
        int side = (int) Math.round(Math.sqrt(pictures.length / (3.0 * n)));
        int[] answers;
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(pictures, n, side, side, 3);
            answers = best(reader.net().apply(side == Bird.SIDE ? x.avgPool(2) : x));
        }
        double[] shares = new double[n];
        for (int i = 0; i < n; i++) {
            int[] said = some.get(i).said();
            int first = i * QUESTIONS;
            shares[i] = IntStream.range(0, Bird.PARTS)
                    .filter(part -> said[part] >= 0)
                    .mapToDouble(part -> said[part] == answers[first + part] ? 1 : 0)
                    .average()
                    .orElseThrow();
        }
        return shares;
    }

    @Override
    public void close() {
        captions.close();
        reader.close();
    }
}
