package dev.fathom.labs.generative;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.labs.experiments.Lab;
import dev.fathom.labs.generative.CaptionNet.Answers;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Reserved;
import dev.fathom.text.Texts;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.Words;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Birds with captions, a net that reads captions, and a net that reads pictures. */
final class BirdStudio implements AutoCloseable {
    static final int BATCH = 64;
    private static final Words WORDS = new Words().lowerCase().withoutPunctuation();

    private final Lab lab;
    private final List<Bird> birds;
    private final List<Bird> tests;
    private final Vocabulary vocabulary;
    private final Model<CaptionNet> captions;
    private final Model<Layer> reader;

    /** Draws birds, {@code n} to learn from and {@code held} others. */
    BirdStudio(Lab lab, int n, int held) {
        this.lab = lab;
        birds = draw(n, "birds", caption -> true);
        Set<String> learned = birds.stream().map(Bird::caption).collect(Collectors.toSet());
        tests = draw(held, "test birds", caption -> !learned.contains(caption));
        vocabulary = Vocabulary.of(
                        Texts.of(birds.stream().map(Bird::caption).toList()).tokens(WORDS))
                .reserved(Reserved.STANDARD);
        captions = Model.of(new CaptionNet(vocabulary.size()), lab.seed());
        reader = Model.of(
                new Sequential(
                        new Conv(3, 32, 3).pad(1).act(Activation.RELU),
                        new Conv(32, 32, 4).stride(2).pad(1).act(Activation.RELU),
                        new Flatten(),
                        new Linear(8 * 8 * 32, 128).act(Activation.RELU),
                        new Linear(128, Answers.WIDTH)),
                lab.seed());
    }

    /** Draws birds until {@code n} of them have a caption that is wanted. */
    private List<Bird> draw(int n, String name, Predicate<String> wanted) {
        Rng rng = lab.rng(name);
        return Stream.generate(() -> Bird.draw(rng))
                .filter(bird -> wanted.test(bird.caption()))
                .limit(n)
                .toList();
    }

    List<Bird> tests() {
        return tests;
    }

    /** Pictures of birds, whose places, scales and lights are those of the random stream of this name. */
    private byte[] pixels(List<Bird> some, String stream) {
        Rng rng = lab.rng(stream);
        byte[] all = new byte[some.size() * Bird.SIDE * Bird.SIDE * 3];
        for (int i = 0; i < some.size(); i++) {
            byte[] one = some.get(i).pixels(rng);
            System.arraycopy(one, 0, all, i * one.length, one.length);
        }
        return all;
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

    /** The pictures to learn from, of numbers from -1 to 1. */
    private Dataset pictures(Field target) {
        Shape shape = Shape.of(Bird.SIDE, Bird.SIDE, 3);
        try (Dataset bytes =
                Dataset.of(Field.pixels("x", shape, pixels(birds, "places")).input(), target.target())) {
            return bytes.scaled(2f / 255, -1);
        }
    }

    /** The pictures to learn from, with the numbers that stand for their captions. */
    Dataset captioned() {
        return pictures(
                Field.floats("y", Shape.of(CaptionNet.WIDTH), read(birds).text()));
    }

    /** Trains the net that reads captions, and that which reads pictures of 16 x 16. */
    void learn() {
        Shape questions = Shape.of(Answers.QUESTIONS);
        try (Dataset texts = Dataset.of(
                        Field.ragged("x", ids(birds)).input(),
                        Field.ints("y", questions, answers(birds, false)).target());
                Dataset pictures = pictures(Field.ints("y", questions, answers(birds, true)))) {
            var reading = Trainer.custom(
                            captions,
                            new Adam(3e-3f),
                            (net, batch) -> new Step.Result(
                                    Answers.loss(net.out().apply(net.read(batch.x(), batch.lengths("x"))), batch.y())))
                    .seed(lab.seed());
            lab.train(
                    "the net that reads captions",
                    "captions",
                    reading,
                    texts.shuffled(lab.seed()).batches(BATCH),
                    lab.of(12, 5));
            var looking = Trainer.custom(
                            reader,
                            new Adam(2e-3f),
                            (net, batch) -> new Step.Result(
                                    Answers.loss(net.apply(batch.x().avgPool(2)), batch.y())))
                    .seed(lab.seed());
            lab.train(
                    "the net that reads pictures",
                    "pictures",
                    looking,
                    pictures.shuffled(lab.seed()).batches(BATCH),
                    lab.of(12, 6));
        }
    }

    private int[][] ids(List<Bird> some) {
        return some.stream()
                .map(bird -> vocabulary.ids(WORDS.tokens(bird.caption())))
                .toArray(int[][]::new);
    }

    /**
     * The answers to all questions about each bird: what its caption says, or how it is drawn, which leaves the sizes
     * open.
     */
    private static int[] answers(List<Bird> some, boolean drawn) {
        return some.stream()
                .flatMapToInt(bird -> IntStream.range(0, Answers.QUESTIONS)
                        .map(q -> !drawn ? bird.said()[q] : q < Bird.PARTS ? bird.colors()[q] : -1))
                .map(answer -> answer < 0 ? Answers.CHOICES - 1 : answer)
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
            Tensor text =
                    captions.net().read(Tensor.ofInts(tokens, ids.length, longest), Tensor.ofInts(lengths, ids.length));
            return new Read(text.toArray(), Answers.best(captions.net().out().apply(text)));
        }
    }

    /** The share of answers that the net gives right to captions it has not learned from. */
    double captionAccuracy() {
        int[] right = answers(tests, false);
        int[] answers = read(tests).answers();
        return IntStream.range(0, right.length)
                        .filter(i -> right[i] == answers[i])
                        .count()
                / (double) right.length;
    }

    /** For each bird, the share of the colors its caption says that the net reads in its picture of 16 x 16. */
    double[] fit(float[] pictures, List<Bird> some) {
        int n = some.size();
        int side = (int) Math.round(Math.sqrt(pictures.length / (3.0 * n)));
        int[] answers;
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(pictures, n, side, side, 3);
            answers = Answers.best(reader.net().apply(side == Bird.SIDE ? x.avgPool(2) : x));
        }
        return IntStream.range(0, n)
                .mapToDouble(i -> IntStream.range(0, Bird.PARTS)
                        .filter(part -> some.get(i).said()[part] >= 0)
                        .map(part -> some.get(i).said()[part] == answers[i * Answers.QUESTIONS + part] ? 1 : 0)
                        .average()
                        .orElseThrow())
                .toArray();
    }

    @Override
    public void close() {
        captions.close();
        reader.close();
    }
}
