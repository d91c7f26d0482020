package dev.fathom.labs.embeddings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Browser;
import dev.fathom.experiments.TestData;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.view.ProjectorTsv;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lab projector: its figures, its files, and its page in a browser. */
class ProjectorLabTest {
    @TempDir
    static Path temp;

    private static ShortRun run;

    @BeforeAll
    static void run() {
        TestData.assume("mnist");
        TestData.assume("imdb");
        run = ShortRun.of(new ProjectorLab(), 1, temp.resolve("lab"));
    }

    @Test
    void picturesKeepNeighborsBetterThanPrincipalComponents() {
        for (String of : new String[] {"pixels", "LeNet's code", "words"}) {
            double linear = run.figure(of + ", PCA, trustworthiness");
            assertThat(run.figure(of + ", t-SNE, trustworthiness")).isGreaterThan(linear + 0.02);
            assertThat(run.figure(of + ", UMAP, trustworthiness")).isGreaterThan(linear + 0.02);
        }
        assertThat(run.figure("LeNet's code, t-SNE, trustworthiness")).isBetween(0.95, 1.0);
    }

    @Test
    void theCodeOfLeNetKeepsDigitsTogetherBetterThanPixels() {
        for (String method : new String[] {"PCA", "t-SNE", "UMAP"}) {
            assertThat(run.figure("LeNet's code, " + method + ", neighbors of the same digit"))
                    .isGreaterThan(run.figure("pixels, " + method + ", neighbors of the same digit"));
        }
    }

    /** The digit of the first test image that is drawn. */
    private static int firstDigit() {
        try (Images all = ImageSet.MNIST.images(null, 1);
                Dataset drawn = Images.sample(all.test(), 400, 1)) {
            return drawn.label(0);
        }
    }

    @Test
    void filesAreThoseOfTensorBoard() throws IOException {
        Path folder = temp.resolve("lab");
        ProjectorTsv words = ProjectorTsv.read(folder.resolve("words/vectors.tsv"), folder.resolve("words/labels.tsv"));
        assertThat(words.vectors()).hasDimensions(500, 32);
        assertThat(words.texts().get(0)).containsExactly("the");
        ProjectorTsv digits =
                ProjectorTsv.read(folder.resolve("digits/vectors.tsv"), folder.resolve("digits/labels.tsv"));
        assertThat(digits.vectors()).hasDimensions(400, 84);
        assertThat(digits.texts().get(0)).containsExactly(String.valueOf(firstDigit()));
        try (var files = Files.list(folder.resolve("events"))) {
            assertThat(files.toList()).isNotEmpty();
        }
    }

    /**
     * The page is used: points, pictures, dimensions, search, neighbors, axes; what it shows is asked for in the
     * browser.
     */
    @Test
    void thePageDoesWhatItSays() throws Exception {
        Browser browser = Browser.found(temp);
        String page = Files.readString(temp.resolve("lab/projector.html"));
        int end = page.lastIndexOf("</body>");
        String use = """
                <pre id="said"></pre><script>
                const told = [];
                const tell = (name, value) => told.push(name + '=' + value);
                const count = id => $(id).children.length;
                tell('views', [...$('views').children].map(b => b.textContent).join('|'));
                choose(0);
                tell('neighbors', count('list'));
                tell('images', document.querySelectorAll('#list canvas').length);
                tell('chosen', $('chosen').textContent);
                const flat = screen.slice(); show('UMAP'); dims = 3; show('UMAP');
                tell('pressed', $('d3').getAttribute('aria-pressed'));
                tell('moved', screen.some((s, i) => s !== flat[i]));
                show('PCA'); dims = 2; show('PCA'); const plain = at.slice(); $('sphere').checked = true; arrange();
                tell('sphered', at.some((s, i) => Math.abs(s - plain[i]) > .01));
                $('sphere').checked = false;
                open(2); $('search').value = 'film'; search();
                tell('hits', hits.size); tell('first', set.labels[[...hits][0]]);
                choose([...hits][0]); tell('near', count('list'));
                show('Custom'); tell('wrong', $('wrong').textContent === ''); tell('disabled', $('d3').disabled);
                const place = word => at[3 * set.labels.indexOf(word)];
                tell('axis', place('good') > place('bad'));
                $('left').value = 'no such word'; arrange(); tell('named', $('wrong').textContent.startsWith('Name two'));
                open(0); show('t-SNE');
                const box = $('view').getBoundingClientRect();
                $('view').onpointermove({clientX: box.left + screen[3], clientY: box.top + screen[4]});
                tell('hover', $('hover').style.display + ',' + $('hover').querySelectorAll('canvas').length);
                $('view').setPointerCapture = () => {};
                $('view').onpointerdown({pointerId: 1, clientX: 100, clientY: 100});
                $('view').onpointerdown({pointerId: 2, clientX: 130, clientY: 140});
                $('view').onpointermove({pointerId: 2, clientX: 160, clientY: 180});
                tell('pinched', zoom.toFixed(3) + ',' + chosen);
                $('view').onpointerup({pointerId: 2, clientX: 160, clientY: 180});
                $('view').onpointerup({pointerId: 1, clientX: 100, clientY: 100});
                tell('lifted', fingers.size + ',' + chosen);
                const styles = window.getComputedStyle; let asked = 0;
                window.getComputedStyle = (...all) => { asked++; return styles(...all); };
                $('color').checked = false; draw(); tell('asked', asked);
                tell('width', document.documentElement.scrollWidth - document.documentElement.clientWidth);
                $('said').textContent = told.join('\\n') + '\\ndone';
                </script>
                """;
        String said = browser.dump(
                Files.writeString(temp.resolve("used.html"), page.substring(0, end) + use + page.substring(end)));
        assertThat(said)
                .doesNotContain("CONSOLE")
                .contains("views=PCA|t-SNE|UMAP|Custom", "neighbors=15", "images=15", "pressed=true")
                .contains("chosen=" + firstDigit() + " (0)")
                .contains("moved=true", "sphered=true", "first=film", "near=15", "wrong=true", "disabled=true")
                .contains("axis=true", "named=true", "hover=block,1", "width=0")
                .contains("pinched=2.000,-1", "lifted=0,-1", "asked=1")
                .containsPattern("hits=[1-9]");
        assertThat(browser.judge(360, temp.resolve("lab/projector.html")))
                .contains("overflow=0")
                .doesNotContain("CONSOLE");
    }

    /** What is finished when a run stops is on its pages, and a run that goes on computes only the rest. */
    @Test
    void aStoppedRunKeepsItsPlacementsAndGoesOn() throws IOException {
        Path folder = temp.resolve("stopped");
        InterruptedRun stopped =
                InterruptedRun.assertThatItGoesOn(new ProjectorLab(), "LeNet's code: t-SNE in 2", run, folder);
        Findings result = stopped.result();
        assertThat(result.figures().stream().map(Figure::name))
                .contains("pixels, UMAP, trustworthiness", "LeNet's code, PCA, trustworthiness")
                .doesNotContain("LeNet's code, t-SNE, trustworthiness");
    }
}
