package dev.fathom.labs.images;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.image.Preprocessing.Photo;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Pretrained;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.ImageSheet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParameterException;

/**
 * Figure 10.10 of the textbook (An Introduction to Statistical Learning): what networks that were trained on ImageNet
 * say of the book's photographs; and the panda of Goodfellow, Shlens and Szegedy (2015): a photograph, a change that
 * nobody sees, and the two together, which are something else.
 */
public final class PretrainedLab implements OldExperiment {
    private static final int TOP = 3;
    /** Part of the range from black to white by which the paper moves every pixel. */
    private static final float EPSILON = 0.007f;

    private static final List<String> NETWORKS = List.of("squeezenet1_1", "mobilenet_v2", "resnet50");

    /**
     * ResNet-50 in the lab of the Python edition (torchvision's second weights, photographs squeezed to 232 x 232), by
     * file.
     */
    private static final Map<String, String> BOOK = Map.of(
            "flamingo.jpg", "flamingo 61.0 %, spoonbill 1.4 %, American egret 0.2 %",
            "hawk_cropped.jpg", "kite 45.4 %, great gray owl 1.6 %, jay 1.2 %",
            "huey.jpg", "Lhasa 26.0 %, Shih-Tzu 9.7 %, Tibetan terrier 3.3 %",
            "kitty.jpg", "Persian cat 16.3 %, tabby 7.4 %, tiger cat 4.3 %",
            "weaver.jpg", "jacamar 29.8 %, macaw 6.8 %, lorikeet 5.1 %");

    /** A line of expected.tsv: what another program says of a photograph. */
    private record Expected(String file, String content, String network, int label, double probability) {}

    /** A network's classes, the most probable first. */
    private record Answer(int[] labels, float[] probabilities) {
        static Answer of(float[] p) {
            int[] labels = IntStream.range(0, p.length)
                    .boxed()
                    .sorted((i, k) -> Float.compare(p[k], p[i]))
                    .mapToInt(k -> k)
                    .toArray();
            float[] sorted = new float[p.length];
            for (int i = 0; i < p.length; i++) {
                sorted[i] = p[labels[i]];
            }
            return new Answer(labels, sorted);
        }

        String words(List<String> classes, int rank) {
            return line("%s %.1f %%", first(classes.get(labels[rank])), 100 * probabilities[rank]);
        }
    }

    @Override
    public String name() {
        return "pretrained";
    }

    @Override
    public Findings run(LabRun run) {
        Path photos = run.data() != null ? run.data() : photos();
        List<Expected> expected = expected(photos.resolve("expected.tsv"));
        List<String> files = expected.stream().map(Expected::file).distinct().toList();
        Findings page = run.page("Lab pretrained", files.size() + " photographs of the textbook");
        List<Pretrained> networks = networks(run.brief());
        page.section(
                "The textbook's photographs",
                "The " + TOP
                        + " most probable classes of each photograph, its shorter side resized to 256 pixels and "
                        + "the middle 224 x 224 "
                        + "cut out. Expected is what ONNX Runtime says of the same weights after Pillow; where "
                        + "its longer side was rounded "
                        + "and torchvision's is not, probabilities differ. ResNet-50 in the book has other "
                        + "weights, and sees photographs "
                        + "squeezed to 232 x 232 pixels; its column stands here where "
                        + "FATHOM_DATA/pretrained-imagenet has resnet50.safetensors.");
        for (Pretrained network : networks) {
            Path folder = network.folder(null);
            List<String> classes = network.classes(folder);
            try (Model<Layer> model = network.load(folder)) {
                List<Answer> said = new ArrayList<>();
                for (String file : files) {
                    if (run.interrupt().requested()) {
                        return page;
                    }
                    Photo photo = network.input().read(photos.resolve(file));
                    Answer answer = Answer.of(probabilities(network, model, photo));
                    said.add(answer);
                    page.figure(figure(network, file, answer, classes));
                }
                if (network.equals(networks.get(0))) {
                    page.table(header(networks.get(0)), rows(files, expected, network, said, classes));
                    panda(page, network, model, photos, files, said, classes);
                } else {
                    page.section(network.name(), "")
                            .table(header(network), rows(files, expected, network, said, classes));
                }
            }
        }
        return page.finished();
    }

    private static float[] probabilities(Pretrained network, Model<Layer> model, Photo photo) {
        try (Pass pass = Pass.infer()) {
            return model.net().apply(network.input().tensor(photo)).softmax(-1).toArray();
        }
    }

    // ---- the photographs

    private static List<String> header(Pretrained network) {
        return List.of("photograph", "shows", network.name(), "expected", "ResNet-50 in the book");
    }

    private static List<List<String>> rows(
            List<String> files, List<Expected> expected, Pretrained network, List<Answer> said, List<String> classes) {
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            String file = files.get(i);
            Answer answer = said.get(i);
            List<Expected> others = of(expected, file, network);
            for (int rank = 0; rank < TOP; rank++) {
                rows.add(List.of(
                        rank == 0 ? file : "",
                        rank == 0
                                ? expected.stream()
                                        .filter(e -> e.file().equals(file))
                                        .findFirst()
                                        .orElseThrow()
                                        .content()
                                : "",
                        answer.words(classes, rank),
                        rank < others.size()
                                ? line(
                                        "%s %.1f %%",
                                        first(classes.get(others.get(rank).label())),
                                        100 * others.get(rank).probability())
                                : "",
                        rank == 0 ? BOOK.getOrDefault(file, "") : ""));
            }
        }
        return rows;
    }

    private static List<Expected> of(List<Expected> expected, String file, Pretrained network) {
        return expected.stream()
                .filter(e -> e.file().equals(file) && e.network().equals(network.name()))
                .toList();
    }

    /** The best class of a photograph. */
    private static Figure figure(Pretrained network, String file, Answer answer, List<String> classes) {
        return Figure.of(
                network.name() + " on " + file + ": " + first(classes.get(answer.labels()[0])),
                "%",
                100 * answer.probabilities()[0]);
    }

    // ---- the panda

    /**
     * The photograph of which the network is surest, among those that it names as the book's network does where there
     * are any.
     */
    private static void panda(
            Findings page,
            Pretrained network,
            Model<Layer> model,
            Path photos,
            List<String> files,
            List<Answer> said,
            List<String> classes) {
        List<Integer> alike = IntStream.range(0, files.size())
                .filter(i -> BOOK.getOrDefault(files.get(i), "")
                        .startsWith(first(classes.get(said.get(i).labels()[0])) + " "))
                .boxed()
                .toList();
        int surest = (alike.isEmpty() ? IntStream.range(0, files.size()).boxed().toList() : alike)
                .stream()
                        .max((i, k) -> Float.compare(
                                said.get(i).probabilities()[0], said.get(k).probabilities()[0]))
                        .orElseThrow();
        String file = files.get(surest);
        Photo photo = network.input().read(photos.resolve(file));
        Answer before = said.get(surest);
        Answer change;
        Answer after;
        byte[] noise;
        byte[] changed;
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(network.input().tensor(photo));
            Tensor label = Tensor.ofInts(new int[] {before.labels()[0]}, 1);
            pass.backward(Loss.crossEntropy().of(model.net().apply(x), label), x);
            float[] direction = Objects.requireNonNull(pass.gradient(x)).sign().toArray();
            noise = new byte[direction.length];
            changed = new byte[direction.length];
            float step = 255 * EPSILON;
            for (int i = 0; i < direction.length; i++) {
                noise[i] = (byte) Math.round(127.5f + 127.5f * direction[i]);
                float pixel = (photo.pixels()[i] & 0xff) + step * direction[i];
                changed[i] = (byte) Math.round(Math.max(0, Math.min(255, pixel)));
            }
        }
        change = Answer.of(probabilities(network, model, like(photo, noise)));
        after = Answer.of(probabilities(network, model, like(photo, changed)));
        int side = network.input().height();
        ImageSheet sheet = new ImageSheet(side, side, 3)
                .columns(3)
                .add(photo.pixels(), "x: " + before.words(classes, 0))
                .add(noise, "sign of the gradient: " + change.words(classes, 0))
                .add(changed, "x + " + EPSILON + " sign: " + after.words(classes, 0));
        int was = before.labels()[0];
        int place = IntStream.range(0, after.labels().length)
                .filter(i -> after.labels()[i] == was)
                .findFirst()
                .orElseThrow();
        page.section(
                        "The panda of the paper, with another photograph",
                        "Every pixel of a photograph that the network names as the book's does, the one of which "
                                + "it is surest, is moved by "
                                + EPSILON + " of the range from black to "
                                + "white, in the direction in which the loss grows (the fast gradient sign "
                                + "method), and rounded to a byte as "
                                + "a file would hold it. In the paper GoogLeNet takes a panda (57.7 %) for a "
                                + "gibbon (99.3 %); of the sign "
                                + "alone it says nematode (8.2 %).")
                .picture(
                        "panda.png",
                        "A photograph, the sign of the gradient, and the photograph changed by it",
                        sheet::render)
                .text(conclusion(
                        file,
                        first(classes.get(was)),
                        before.probabilities()[0],
                        first(classes.get(after.labels()[0])),
                        after.probabilities()[0],
                        after.probabilities()[place]))
                .figure(Figure.of(
                        "The changed photograph: probability of " + first(classes.get(after.labels()[0])),
                        "%",
                        100 * after.probabilities()[0]))
                .figure(Figure.of(
                        "The changed photograph: probability of " + first(classes.get(was)),
                        "%",
                        100 * after.probabilities()[place]));
    }

    private static Photo like(Photo photo, byte[] pixels) {
        return new Photo(pixels, photo.height(), photo.width(), photo.notes());
    }

    /**
     * What the change did to the answer.
     *
     * @param was the class before
     * @param sure its probability before
     * @param is the class after
     * @param now its probability after
     * @param left the probability of {@code was} after
     */
    static String conclusion(String file, String was, double sure, String is, double now, double left) {
        String before = line("%s was %s (%.1f %%)", file, was, 100 * sure);
        return was.equals(is)
                ? before + line(" and stays it, with %.1f %%: the change does not fool the network.", 100 * now)
                : before
                        + line(
                                " and is %s (%.1f %%) after the change; %s keeps %.1f %%.",
                                is, 100 * now, was, 100 * left);
    }

    // ---- files

    /** The first of a class's names. */
    private static String first(String names) {
        return names.split(",")[0].strip();
    }

    /** The networks whose weights are here; the short form asks the first. */
    private static List<Pretrained> networks(boolean brief) {
        List<Pretrained> all = new ArrayList<>();
        for (String name : NETWORKS) {
            Pretrained network = Pretrained.named(name, PretrainedLab::unknown);
            try {
                network.folder(null);
            } catch (IllegalArgumentException e) {
                if (all.isEmpty() && name.equals(NETWORKS.get(0))) {
                    throw e; // without the first there is nothing to ask
                }
                continue;
            }
            all.add(network);
        }
        return brief ? all.subList(0, 1) : all;
    }

    private static ParameterException unknown(String message) {
        throw new IllegalStateException(message);
    }

    private static Path photos() {
        List<Path> places = ImageSet.places("islr/book_images");
        return places.stream()
                .filter(place -> Files.isRegularFile(place.resolve("expected.tsv")))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "there is no " + places.get(0).resolve("expected.tsv")
                                + "; put the textbook's photographs there, or name their folder with --data"));
    }

    private static List<Expected> expected(Path file) {
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    file + " cannot be read; name the folder of the textbook's photographs with --data", e);
        }
        List<Expected> all = new ArrayList<>();
        for (String text : lines.subList(Math.min(1, lines.size()), lines.size())) {
            @Nullable Expected row = row(text.split("\t"));
            if (row == null) {
                throw new IllegalArgumentException(
                        file + " has a line that is none of file, content, model, rank, class_index, "
                                + "class_name, probability: " + text.substring(0, Math.min(60, text.length())));
            }
            all.add(row);
        }
        if (all.isEmpty()) {
            throw new IllegalArgumentException(file + " names no photographs; replace it");
        }
        return all;
    }

    private static @Nullable Expected row(String... cells) {
        try {
            int label = Integer.parseInt(cells[4]);
            return label < 0 || label > 999
                    ? null
                    : new Expected(cells[0], cells[1], cells[2], label, Double.parseDouble(cells[6]));
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            return null;
        }
    }
}
