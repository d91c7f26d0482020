package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.experiments.data.Loopback;
import dev.fathom.experiments.data.ZooModel;
import dev.fathom.io.TensorFile;
import dev.fathom.nets.CifarResNet;
import dev.fathom.nn.Model;
import dev.fathom.nn.Names;
import dev.fathom.onnx.OnnxModel;
import dev.fathom.pretrained.Embedder;
import dev.fathom.tensor.Pass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom model}: published models over loopback into the cache folder, and from folders. */
class ModelTest {
    private static final String DATA = System.getenv().getOrDefault("FATHOM_DATA", "nowhere");

    @TempDir
    Path temp;

    @BeforeEach
    void empty() {
        System.setProperty("fathom.data", temp.resolve("data").toString());
        System.setProperty("fathom.cache", temp.resolve("cache").toString());
    }

    @AfterEach
    void asBefore() {
        System.clearProperty("fathom.data");
        System.clearProperty("fathom.cache");
    }

    private static ZooModel model(String name) {
        return ZooModel.all().stream()
                .filter(m -> m.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** The folder of a model that is at hand. */
    private static Path here(String name) {
        Path folder = Path.of(DATA, model(name).folder());
        assumeTrue(Files.isDirectory(folder), "FATHOM_DATA has no " + folder);
        return folder;
    }

    // ---- the list

    @Test
    void theListIsWholeAndItsAddressesAreThoseOfACommit() {
        List<ZooModel> all = ZooModel.all();
        assertThat(all).hasSizeGreaterThan(10);
        assertThat(all.stream().map(ZooModel::name)).doesNotHaveDuplicates();
        for (ZooModel model : all) {
            assertThat(model.files()).as(model.name()).isNotEmpty();
            assertThat(model.license()).as(model.name()).isNotEmpty();
            for (ZooModel.Part file : model.files()) {
                assertThat(file.content().sum()).as(file.path()).matches("[0-9a-f]{64}");
                if (file.address() != null) {
                    assertThat(file.address().toString())
                            .matches("https://raw\\.githubusercontent\\.com/[^/]+/[^/]+/[0-9a-f]{40}/.*")
                            .endsWith("/" + Path.of(file.path()).getFileName());
                }
            }
        }
        CommandLineRun run = CommandLineRun.of("model");
        assertThat(run.code()).isZero();
        assertThat(run.out().replaceAll(" +", " "))
                .contains("\nultraface 2.5 MB MIT two detectors of faces")
                .contains("./fathom model NAME fetches one");
        assertThat(run.out().lines()).hasSize(all.size() + 2);
    }

    @Test
    void thePageIsMadeOfTheList() throws IOException {
        assertThat(Files.readString(Path.of(System.getProperty("fathom.root"), "docs/zoo.md")))
                .as("run ./fathom docs")
                .isEqualTo(ZooPage.text());
    }

    // ---- fetching

    @Test
    void aCutIsGoneOnWithAndAWholeModelIsNotFetchedAgain() throws Exception {
        Path folder = here("ultraface");
        Path cache = temp.resolve("cache/data/models/ultraface-onnx");
        try (var server = new Loopback((request, out) -> {
            byte[] all = Files.readAllBytes(folder.resolve(request.path().substring("/there/".length())));
            if (request.from() == 0 && all.length > 1_200_000) {
                Loopback.head(all.length, 0, out);
                out.write(all, 0, 500_000);
            } else {
                Loopback.honest(request, out, all);
            }
        })) {
            String from = server.uri("/there").toString();
            CommandLineRun run = CommandLineRun.of("model", "UltraFace", "--from", from);
            assertThat(run.code()).as(run.err()).isZero();
            assertThat(run.out()).isEqualTo("""
                            ultraface: two detectors of faces in pictures of 320 x 240; license MIT
                            version-RFB-320.onnx          1.3 MB  fetched, sha256 as known
                            version-slim-320.onnx         1.2 MB  fetched, sha256 as known
                            LICENSE                       1.1 KB  fetched, sha256 as known

                            In %s; in Java, with that folder:
                              OnnxModel.read(folder.resolve("version-RFB-320.onnx"))
                            """.formatted(cache));
            assertThat(server.requests().stream().map(Loopback.Request::from)).containsExactly(0, 500_000, 0, 0);
            assertThat(cache.resolve("version-RFB-320.onnx"))
                    .hasSameBinaryContentAs(folder.resolve("version-RFB-320.onnx"));
            run = CommandLineRun.of("model", "ultraface", "--from", from);
            assertThat(run.out().lines().filter(l -> l.endsWith("is there, sha256 as known")))
                    .hasSize(3);
            assertThat(server.requests()).hasSize(4);
        }
    }

    @Test
    void anotherFileIsRefusedAndNotKept() throws Exception {
        Path cache = temp.resolve("cache/data/models/llama-stories260k-gguf");
        ZooModel.Part file = model("stories260k").files().get(0);
        try (var server = new Loopback((request, out) ->
                Loopback.honest(request, out, new byte[(int) file.content().bytes()]))) {
            CommandLineRun run = CommandLineRun.of(
                    "model", "stories260k", "--from", server.uri("/").toString());
            assertThat(run.code()).isEqualTo(1);
            assertThat(run.err())
                    .startsWith("fathom model: " + server.uri("/tinyllm.gguf") + " is not the file that is known: ")
                    .contains(" instead of sha256 " + file.content().sum() + "; nothing was kept")
                    .hasLineCount(1);
        }
        Path other = Files.createDirectories(temp.resolve("other"));
        Files.write(other.resolve("tinyllm.gguf"), new byte[10]);
        CommandLineRun run = CommandLineRun.of("model", "stories260k", "--from", other.toString());
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .contains(other.resolve("tinyllm.gguf") + " is not the file that is known: ")
                .hasLineCount(1);
        try (Stream<Path> left = Files.list(cache)) {
            assertThat(left).isEmpty();
        }
    }

    // ---- folders

    @Test
    void withoutANetworkAFolderServes() throws IOException {
        Path folder = here("tiny-bert");
        CommandLineRun run = CommandLineRun.of("model", "tiny-bert", "--from", folder.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("tiny_bert/vocab.txt           1.2 KB  copied, sha256 as known");
        Path cache = temp.resolve("cache/data/models/coldfire-tiny-bert-nomic");
        try (Embedder embedder = Embedder.load(cache.resolve("tiny_bert"))) {
            assertThat(embedder.embed("a word")).hasSize(32);
        }
        try (Stream<Path> all = Files.walk(cache)) {
            assertThat(all.filter(Files::isRegularFile)).hasSize(8);
        }
        System.setProperty("fathom.data", DATA);
        run = CommandLineRun.of("model", "tiny-bert");
        assertThat(run.out()).contains("is there, sha256 as known", "In " + folder + ";");
    }

    @Test
    void mistakes() {
        CommandLineRun run = CommandLineRun.of("model", "gpt-7");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("'gpt-7' is none of resnet20, ").hasLineCount(1);
        run = CommandLineRun.of("model", "mobilenet");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .contains("[mobilenet_v2_1.0_224.onnx, synset_words.txt] were made of published weights and have no"
                        + " address; put them into "
                        + temp.resolve("cache/data/pretrained-imagenet"))
                .hasLineCount(1);
        run = CommandLineRun.of("model", "dtln", "--from", temp.resolve("none").toString());
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("is neither a folder nor an address");
    }

    // ---- what the list says

    /** The sums are those of the files at hand, and what is said to read them does. */
    @Test
    void theModelsAtHandAreThoseOfTheListAndCanBeLoaded() {
        here("resnet20");
        System.setProperty("fathom.data", DATA);
        for (ZooModel model : ZooModel.all()) {
            Path folder = Path.of(DATA, model.folder());
            if (!Files.isDirectory(folder)) {
                continue;
            }
            assertThat(model.place()).as(model.name()).contains(folder);
            for (ZooModel.Part file : model.files()) {
                if (file.path().endsWith(".onnx")) {
                    try (OnnxModel onnx = OnnxModel.read(folder.resolve(file.path()))) {
                        assertThat(onnx.outputs()).as(file.path()).isNotEmpty();
                    }
                }
            }
        }
    }

    @Test
    void theCheckpointOfResNet20HasTheNumbersOfItsSafetensors() {
        Path folder = here("resnet20");
        Path saved = temp.resolve("saved.safetensors");
        try (Model<CifarResNet> model = Model.of(new CifarResNet(3, 10), 1)) {
            model.load(folder.resolve("resnet20-12fca82f.th"), Names.exact().part("state_dict.module."));
            model.save(saved);
        }
        try (TensorFile same = TensorFile.open(folder.resolve("resnet20.safetensors"));
                TensorFile mine = TensorFile.open(saved);
                Pass pass = Pass.infer()) {
            List<String> weights = mine.names().stream()
                    .filter(n -> !n.endsWith("num_batches_tracked"))
                    .toList();
            assertThat(weights).hasSizeGreaterThan(90);
            for (String name : weights) {
                assertThat(mine.tensor(name).toArray())
                        .as(name)
                        .containsExactly(same.tensor(name).toArray());
            }
        }
    }
}
