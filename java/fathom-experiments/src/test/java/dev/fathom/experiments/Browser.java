package dev.fathom.experiments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A browser without a window that looks at pages.
 *
 * @param program such as Chromium
 * @param temp where its profile and what it says are kept
 */
public record Browser(Path program, Path temp) {
    /** Looks at pages through a frame, one after the other, and leaves what it found as text. */
    private static final String JUDGE = """
            <!DOCTYPE html><title>judge</title><pre id="said"></pre>
            <iframe id="page" style="border:0;width:%dpx;height:900px"></iframe>
            <script>
              const pages = [%s], said = document.getElementById('said');
              const page = document.getElementById('page');
              let at = 0;
              page.onload = () => {
                const inside = page.contentDocument, root = inside.documentElement, images = [...inside.images];
                const count = wrong => images.filter(wrong).length;
                const torn = verdict => [...verdict.textContent.matchAll(/\\S+/g)].some(word => {
                  const range = inside.createRange();
                  range.setStart(verdict.firstChild, word.index);
                  range.setEnd(verdict.firstChild, word.index + word[0].length);
                  return range.getClientRects().length > 1;
                });
                said.textContent +=
                  `images=${images.length} broken=${count(i => !i.complete || !i.naturalWidth)} `
                  + `hidden=${count(i => !i.offsetWidth)} unnamed=${count(i => !i.alt)} `
                  + `overflow=${root.scrollWidth - root.clientWidth} `
                  + `cut=${[...inside.querySelectorAll('.wide')].filter(w => w.scrollWidth > w.clientWidth).length} `
                  + `unseen=${[...inside.querySelectorAll('b.good,b.bad')].filter(v => v.offsetWidth
                      && (torn(v) || v.getBoundingClientRect().right > root.clientWidth)).length} `
                  + `outside=${inside.querySelectorAll('[src^=http],link[href^=http]').length} done\n`;
                if (++at < pages.length) { page.src = pages[at]; }
              };
              page.src = pages[0];
            </script>
            """;

    /** The browser of this machine; skips the test, and says so, where there is none. */
    public static Browser found(Path temp) {
        Optional<Path> found = Stream.of("chromium", "chromium-browser", "google-chrome")
                .flatMap(name -> Stream.of(System.getenv("PATH").split(File.pathSeparator))
                        .map(folder -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
        assumeTrue(found.isPresent(), "pages are not looked at: there is no Chromium on the PATH to open them with");
        return new Browser(found.orElseThrow(), temp);
    }

    /**
     * What a judge in a window of this width finds on each page: a line that ends in {@code done}, and {@code CONSOLE}
     * where a script fails.
     */
    public String judge(int width, Path... pages) throws IOException, InterruptedException {
        String urls = Arrays.stream(pages).map(p -> "'" + p.toUri() + "'").collect(Collectors.joining(","));
        return dump(Files.writeString(temp.resolve("judge-" + width + ".html"), JUDGE.formatted(width, urls)));
    }

    /** The document that {@code page} has become once its scripts have run, after what the browser said. */
    public String dump(Path page) throws IOException, InterruptedException {
        Path said = temp.resolve("said");
        Process process = new ProcessBuilder(
                        program.toString(),
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--allow-file-access-from-files",
                        "--enable-logging=stderr",
                        "--virtual-time-budget=20000",
                        "--user-data-dir=" + temp.resolve("profile"),
                        "--window-size=1400,1000",
                        "--dump-dom",
                        page.toUri().toString())
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        boolean ended = process.waitFor(120, TimeUnit.SECONDS);
        process.destroyForcibly().waitFor();
        assertThat(ended).as("the browser ends").isTrue();
        return Files.readString(said, StandardCharsets.UTF_8);
    }
}
