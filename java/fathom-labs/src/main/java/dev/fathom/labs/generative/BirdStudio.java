package dev.fathom.labs.generative;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.labs.experiments.LabRun;
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
import dev.fathom.optim.Optimizer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Reserved;
import dev.fathom.text.Texts;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.Words;
import dev.fathom.train.Callback;
import dev.fathom.train.Metric;
import dev.fathom.train.NonFiniteLossException;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Birds with captions, a net that reads captions, a net that reads pictures, and the training of both stages that draw.
 */
final class BirdStudio implements AutoCloseable {
    private static final int BATCH = 64;
    private static final float DIVERGENCE = 2;
    private static final Optimizer ADAM = new Adam(2e-4f).betas(0.5f, 0.999f);
    private static final Words WORDS = new Words().lowerCase().withoutPunctuation();

    private final LabRun run;
    private final List<Bird> birds;
    private final List<Bird> tests;
    private final Vocabulary vocabulary;
    private final Model<CaptionNet> captions;
    private final Model<Layer> reader;
    private final byte[] pixels;

    /** Draws birds, {@code n} to learn from and {@code held} others. */
    BirdStudio(LabRun run, int n, int held) {
        this.run = run;
        birds = draw(n, "birds", caption -> true);
        Set<String> learned = birds.stream().map(Bird::caption).collect(Collectors.toSet());
        tests = draw(held, "test birds", caption -> !learned.contains(caption));
        vocabulary = Vocabulary.of(
                        Texts.of(birds.stream().map(Bird::caption).toList()).tokens(WORDS))
                .reserved(Reserved.STANDARD);
        captions = Model.of(new CaptionNet(vocabulary.size()), run.seed());
        reader = Model.of(
                new Sequential(
                        new Conv(3, 32, 3).pad(1).act(Activation.RELU),
                        new Conv(32, 32, 4).stride(2).pad(1).act(Activation.RELU),
                        new Flatten(),
                        new Linear(8 * 8 * 32, 128).act(Activation.RELU),
                        new Linear(128, Answers.WIDTH)),
                run.seed());
        pixels = pixels(birds, "places");
    }

    /** Draws birds until {@code n} of them have a caption that is wanted. */
    private List<Bird> draw(int n, String name, Predicate<String> wanted) {
        Rng rng = new Rng(run.seed()).split(name);
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
        Rng rng = new Rng(run.seed()).split(stream);
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

    // ---- captions

    /** Trains the net that reads captions; false if the run was interrupted. */
    boolean learnCaptions() {
        int epochs = run.of(12, 5);
        try (Dataset data = Dataset.of(
                Field.ragged("x", ids(birds)).input(),
                Field.ints("y", Shape.of(Answers.QUESTIONS), answers(birds, false))
                        .target())) {
            var trainer = Trainer.custom(
                            captions,
                            new Adam(3e-3f),
                            (net, batch) -> new Step.Result(
                                    Answers.loss(net.out().apply(net.read(batch.x(), batch.lengths("x"))), batch.y())))
                    .seed(run.seed());
            run.training().say("%n== the net that reads captions");
            trainer = run.training().attach(trainer, Album.folder(run, "captions"), "captions");
            return trainer.fit(data.shuffled(run.seed()).batches(BATCH), epochs)
                            .epochs()
                            .size()
                    == epochs;
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
        int[] all = new int[some.size() * Answers.QUESTIONS];
        Arrays.fill(all, Answers.CHOICES - 1);
        for (int i = 0; i < all.length; i++) {
            Bird bird = some.get(i / Answers.QUESTIONS);
            int question = i % Answers.QUESTIONS;
            int answer = !drawn ? bird.said()[question] : question < Bird.PARTS ? bird.colors()[question] : -1;
            all[i] = answer < 0 ? all[i] : answer;
        }
        return all;
    }

    /** The numbers that stand for the captions of birds, and the net's answers to all questions. */
    private record Read(float[] text, int[] answers) {}

    private Read read(List<Bird> some) {
        int[][] ids = ids(some);
        int longest = Arrays.stream(ids).mapToInt(row -> row.length).max().orElse(1);
        int[] tokens = new int[ids.length * longest];
        for (int i = 0; i < ids.length; i++) {
            System.arraycopy(ids[i], 0, tokens, i * longest, ids[i].length);
        }
        try (Pass pass = Pass.infer()) {
            Tensor lengths =
                    Tensor.ofInts(Arrays.stream(ids).mapToInt(row -> row.length).toArray(), ids.length);
            Tensor text = captions.net().read(Tensor.ofInts(tokens, ids.length, longest), lengths);
            return new Read(text.toArray(), Answers.best(captions.net().out().apply(text)));
        }
    }

    /** The share of answers that the net gives right to captions it has not learned from. */
    double captionAccuracy() {
        int[] right = answers(tests, false);
        int[] answers = read(tests).answers();
        return (double) IntStream.range(0, right.length)
                        .filter(i -> right[i] == answers[i])
                        .count()
                / right.length;
    }

    // ---- pictures

    /** Trains the net that reads pictures of 16 x 16; false if the run was interrupted. */
    boolean learnPictures() {
        int epochs = run.of(12, 6);
        try (Dataset data = Dataset.of(
                        Field.pixels("x", Shape.of(Bird.SIDE, Bird.SIDE, 3), pixels)
                                .input(),
                        Field.ints("y", Shape.of(Answers.QUESTIONS), answers(birds, true))
                                .target());
                Dataset scaled = data.scaled(2f / 255, -1)) {
            var trainer = Trainer.custom(
                            reader,
                            new Adam(2e-3f),
                            (net, batch) -> new Step.Result(
                                    Answers.loss(net.apply(batch.x().avgPool(2)), batch.y())))
                    .seed(run.seed());
            run.training().say("%n== the net that reads pictures");
            trainer = run.training().attach(trainer, Album.folder(run, "reader"), "pictures");
            return trainer.fit(scaled.shuffled(run.seed()).batches(BATCH), epochs)
                            .epochs()
                            .size()
                    == epochs;
        }
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
        double[] shares = new double[n];
        for (int i = 0; i < n; i++) {
            int asked = 0;
            int right = 0;
            for (int part = 0; part < Bird.PARTS; part++) {
                int said = some.get(i).said()[part];
                asked += said >= 0 ? 1 : 0;
                right += said >= 0 && said == answers[i * Answers.QUESTIONS + part] ? 1 : 0;
            }
            shares[i] = (double) right / asked;
        }
        return shares;
    }

    // ---- drawing

    /**
     * Trains a stage of drawing; the second one, for which {@code first} is given, draws over the pictures of the
     * first. Null if the run was interrupted.
     */
    @Nullable
    Run learnToDraw(Model<BirdNet> model, @Nullable BirdNet first, int epochs) {
        String name = first == null ? "stage I" : "stage II";
        try (Dataset data = Dataset.of(
                        Field.pixels("x", Shape.of(Bird.SIDE, Bird.SIDE, 3), pixels)
                                .input(),
                        Field.floats(
                                        "y",
                                        Shape.of(CaptionNet.WIDTH),
                                        read(birds).text())
                                .target());
                Dataset scaled = data.scaled(2f / 255, -1);
                Dataset whole = scaled.take(0, scaled.size() / (2 * BATCH) * 2 * BATCH)) {
            Turns turns = new Turns(model);
            var trainer = Trainer.custom(model, ADAM, (net, batch) -> {
                        Tensor picture = first == null ? batch.x().avgPool(2) : batch.x();
                        return turns.critic ? judge(net, first, picture, batch.y()) : please(net, first, batch.y());
                    })
                    .seed(run.seed())
                    .metrics(
                            Metric.higherIsBetter(
                                    "value",
                                    (v, x) -> turns.critic ? Metric.Sum.ofMean(v.item(), BATCH) : new Metric.Sum(0, 0)),
                            Metric.lowerIsBetter(
                                    "generator",
                                    (v, x) -> turns.critic ? new Metric.Sum(0, 0) : Metric.Sum.ofMean(v.item(), BATCH)))
                    .callbacks(turns);
            run.training().say("%n== %s", name);
            Path folder = Album.folder(run, name);
            trainer = run.training().attach(trainer, folder, "pictures");
            try {
                Run history = trainer.fit(whole.shuffled(run.seed()).batches(BATCH), epochs);
                model.save(folder.resolve("stage.safetensors"));
                return history.epochs().size() == epochs ? history : null;
            } catch (NonFiniteLossException e) {
                AdversarialDuel.keep(run, folder, e.run(), model, "stage.safetensors");
                throw e;
            }
        }
    }

    /** The critic and the generator learn in turns. */
    private static final class Turns implements Callback {
        private final Model<BirdNet> model;
        private boolean critic;

        Turns(Model<BirdNet> model) {
            this.model = model;
        }

        @Override
        public void onForwardBegin(Run training, Pass pass) {
            critic = training.progress().step() % 2 == 0;
            AdversarialDuel.give(model, critic);
        }
    }

    /** What a stage draws from: noise, or the pictures of the first stage for the same text. */
    private static Tensor given(@Nullable BirdNet first, Tensor text) {
        Tensor noise = Pass.current().randn(text.dim(0), BirdNet.LATENT);
        return first == null
                ? noise
                : first.generator()
                        .draw(noise, first.generator().condition(text).draw());
    }

    /**
     * V = E log D(x, t) + (E log(1 - D(x, t')) + E log(1 - D(G(z, t), t))) / 2, where t' is the text of another bird.
     */
    private static Step.Result judge(BirdNet net, @Nullable BirdNet first, Tensor picture, Tensor text) {
        Tensor drawn = net.generator()
                .draw(given(first, text), net.generator().condition(text).draw());
        Tensor real = net.critic().logit(picture, text);
        Tensor mismatched = net.critic().logit(picture, text.roll(0, 1));
        Tensor made = net.critic().logit(drawn, text);
        Tensor wrong = mismatched.softplus().mean().add(made.softplus().mean());
        Tensor loss = real.neg().softplus().mean().add(wrong.mul(0.5f));
        return new Step.Result(loss, loss.neg());
    }

    /** - E log D(G(z, t), t) + 2 KL(N(m(t), s(t)^2) || N(0, I)), the divergence as a mean over its numbers. */
    private static Step.Result please(BirdNet net, @Nullable BirdNet first, Tensor text) {
        Vae.Posterior condition = net.generator().condition(text);
        Tensor drawn = net.generator().draw(given(first, text), condition.draw());
        Tensor divergence = condition.divergence().mean().div(BirdNet.CONDITION);
        Tensor loss = Game.NON_SATURATING
                .generatorLoss(net.critic().logit(drawn, text))
                .add(divergence.mul(DIVERGENCE));
        return new Step.Result(loss, loss);
    }

    /**
     * A picture of each stage for each bird's caption, drawn from new noise; the second is empty where there is no
     * second stage.
     */
    List<float[]> drawn(BirdNet first, @Nullable BirdNet second, List<Bird> some, Rng rng) {
        float[] text = read(some).text();
        List<float[]> stages = new ArrayList<>();
        try (Pass pass = Pass.infer(rng)) {
            Tensor t = Tensor.of(text, some.size(), CaptionNet.WIDTH);
            Tensor small = given(first, t);
            stages.add(small.toArray());
            stages.add(
                    second == null
                            ? new float[0]
                            : second.generator()
                                    .draw(small, second.generator().condition(t).draw())
                                    .toArray());
        }
        return stages;
    }

    @Override
    public void close() {
        captions.close();
        reader.close();
    }
}
