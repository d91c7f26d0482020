package dev.fathom.labs.pairs;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.decode.AdditiveAttention;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.CaptionedShapes;
import dev.fathom.experiments.data.Question;
import dev.fathom.experiments.data.Scene;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Reserved;
import dev.fathom.train.Step;
import dev.fathom.view.ImageSheet;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/** Questions about pictures of two things (visual question answering). */
final class Answers {
    private static final int WIDTH = 32;
    private static final int QUESTION = 64;
    /** Questions about each training picture. */
    private static final int SETS = 3;

    private static final int SHOWN = 12;

    private Answers() {}

    /**
     * A CNN reads the picture and an LSTM the question. The question looks at the cells of the picture twice: what it
     * finds first is what it looks with the second time (Yang et al. 2016). The answer comes of the question, what it
     * found and a code of the whole picture, which also learns to name both forms.
     */
    record Answerer(
            Cells cells,
            Embedding words,
            Recurrent lstm,
            AdditiveAttention first,
            Linear found,
            AdditiveAttention second,
            Layer answer,
            Forms forms)
            implements Net {
        static Answerer of() {
            return new Answerer(
                    new Cells(WIDTH),
                    new Embedding(CaptionedShapes.ENGLISH.size(), WIDTH).padding(Reserved.STANDARD.padding()),
                    Recurrent.lstm(WIDTH, QUESTION).biases(1).forgetBias(1),
                    new AdditiveAttention(QUESTION, WIDTH, QUESTION),
                    new Linear(QUESTION + WIDTH, QUESTION).act(Activation.TANH),
                    new AdditiveAttention(QUESTION, WIDTH, QUESTION),
                    new Sequential(
                            new Linear(QUESTION + 2 * WIDTH + Forms.CODE, 96).act(Activation.RELU),
                            new Linear(96, Question.ANSWERS.size())),
                    new Forms(WIDTH));
        }

        Tensor logits(Batch batch, Tensor memory, Tensor code) {
            int n = batch.size();
            Tensor question = lstm.run(words.apply(batch.get("question")), State.EMPTY, batch.lengths("question"))
                    .last()
                    .reshape(n, 1, QUESTION);
            Tensor once = first.apply(question, memory, AttentionMask.NONE);
            Tensor again = found.apply(Tensor.concat(2, question, once));
            Tensor twice = second.apply(again, memory, AttentionMask.NONE);
            Tensor looked = Tensor.concat(2, again, once, twice).reshape(n, QUESTION + 2 * WIDTH);
            return answer.apply(Tensor.concat(1, looked, code));
        }

        Step.Result step(Batch batch) {
            Tensor memory = cells.apply(batch.get("picture"));
            Tensor code = forms.code(memory);
            Tensor logits = logits(batch, memory, code);
            Loss loss = Loss.crossEntropy();
            return new Step.Result(
                    loss.of(logits, batch.y()).add(loss.of(forms.named(code), batch.get("forms"))), logits);
        }
    }

    static void run(Lab lab, CaptionedShapes training, CaptionedShapes test) {
        lab.section("Questions about pictures");
        CaptionedShapes shown = training.repeated(SETS);
        List<Question> known = shown.questions(lab.seed() + 1);
        List<Question> asked = test.questions(lab.seed());
        try (Dataset learn = dataset(shown, known);
                Dataset judge = dataset(test, asked);
                Model<Answerer> model = Model.of(Answerer.of(), lab.seed())) {
            EncodersLab.teach(lab, "questions", model, Answerer::step, learn, lab.epochs(8, 2), lab.of(40, 20));
            int[] classes = model.predict(
                            judge,
                            (net, b) -> Objects.requireNonNull(net.step(b).output()))
                    .classes();
            List<String> answers =
                    Arrays.stream(classes).mapToObj(Question.ANSWERS::get).toList();
            List<String> blind = blind(known, asked);
            Table table = lab.table("answers", "about").named("Questions, {row}, {column}");
            for (Question.Kind kind : Question.Kind.values()) {
                int[] some = IntStream.range(0, asked.size())
                        .filter(i -> asked.get(i).kind() == kind)
                        .toArray();
                table.row(kind.name().toLowerCase(Locale.ROOT))
                        .cell(
                                "such as",
                                some.length == 0 ? "" : asked.get(some[0]).text())
                        .put("right", "%.1f %%", right(answers, asked, some))
                        .put("without the picture", "%.1f %%", right(blind, asked, some));
            }
            int[] all = IntStream.range(0, asked.size()).toArray();
            table.named("Questions answered")
                    .row("all")
                    .cell("without the picture", line("%.1f %%", right(blind, asked, all)))
                    .put("right", "%.1f %%", right(answers, asked, all))
                    .baseline(right(blind, asked, all), "most frequent answer to the same question");
            ImageSheet sheet = new ImageSheet(Scene.SIDE, Scene.SIDE, 3);
            for (int i = 0; i < Math.min(SHOWN, test.size()); i++) {
                Question q = asked.get(i);
                boolean right = answers.get(i).equals(q.answer());
                String said = answers.get(i) + (right ? "" : " (it is " + q.answer() + ")");
                sheet.add(test.picture(i), q.text() + "?\n" + said);
            }
            lab.sheet("answers.png", sheet);
        }
    }

    private static double right(List<String> answers, List<Question> asked, int... some) {
        return Arrays.stream(some)
                .mapToDouble(i -> answers.get(i).equals(asked.get(i).answer()) ? 100 : 0)
                .average()
                .orElse(0);
    }

    /**
     * For each question the answer that the same question had most often in training, or for an unknown question the
     * most frequent answer of all.
     */
    private static List<String> blind(List<Question> known, List<Question> asked) {
        Map<String, Map<String, Integer>> counts = new HashMap<>();
        for (Question q : known) {
            for (String text : List.of(q.text(), "")) {
                counts.computeIfAbsent(text, t -> new HashMap<>()).merge(q.answer(), 1, Integer::sum);
            }
        }
        return asked.stream()
                .map(q -> counts.getOrDefault(q.text(), counts.getOrDefault("", Map.of())).entrySet().stream()
                        .max(Map.Entry.<String, Integer>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
                        .orElseThrow()
                        .getKey())
                .toList();
    }

    private static Dataset dataset(CaptionedShapes shapes, List<Question> questions) {
        return Dataset.of(
                shapes.images("picture"),
                Forms.field(shapes),
                Field.ragged(
                        "question",
                        questions.stream()
                                .map(q -> CaptionedShapes.ENGLISH.ids(CaptionedShapes.words(q.text())))
                                .toArray(int[][]::new)),
                Field.labels(
                                "y",
                                questions.stream()
                                        .mapToInt(q -> Question.ANSWERS.indexOf(q.answer()))
                                        .toArray())
                        .target());
    }
}
