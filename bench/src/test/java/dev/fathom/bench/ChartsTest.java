package dev.fathom.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.bench.Charts.Bar;
import dev.fathom.bench.Charts.Range;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class ChartsTest {
    /** An attribute of all elements of a kind, of which the first rectangle is the paper. */
    private static List<Double> all(String svg, String kind, String attribute) throws Exception {
        NodeList found = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)))
                .getElementsByTagName(kind);
        List<Double> values = new ArrayList<>();
        for (int i = kind.equals("rect") ? 1 : 0; i < found.getLength(); i++) {
            values.add(Double.parseDouble(((Element) found.item(i)).getAttribute(attribute)));
        }
        return values;
    }

    @Test
    void barsAreAsLongAsTheirFigures() throws Exception {
        String svg = Charts.bars("Memory", "less is better", "MB", List.of(new Bar("Fathom", 20), new Bar("b", 80)));
        List<Double> widths = all(svg, "rect", "width");
        assertThat(widths).hasSize(2);
        assertThat(widths.get(1)).isEqualTo(4 * widths.get(0));
        assertThat(svg).contains(">Memory<", ">less is better<", ">Fathom<", ">20.0 MB<", ">80.0 MB<");
        assertThat(all(Charts.bars("None", "", "B", List.of(new Bar("a", 0))), "rect", "width"))
                .containsExactly(0.0);
    }

    @Test
    void rangesLieOnALogarithmicAxis() throws Exception {
        String svg = Charts.ranges(
                "Latency",
                "",
                "µs",
                Map.of("1 caller", List.of(new Range("a", 10, 1000), new Range("b", 100, 12_000))));
        List<Double> medians = all(svg, "circle", "cx");
        assertThat(svg).contains(">10 µs<", ">100,000 µs<", ">1 caller<", ">12,000<");
        assertThat(medians.get(1) - medians.get(0)).isEqualTo(105); // a decade of four
        assertThat(all(svg, "rect", "width").get(5)).isEqualTo(210);
    }

    /** Twice as fast lies where the line of twice the threads has twice the speed. */
    @Test
    void speedupsLieBesideTheirThreads() throws Exception {
        List<Measurement> results = new ArrayList<>();
        for (int threads : new int[] {1, 2, 4}) {
            Duel duel = new Duel(new double[][] {{12.0 / threads, 12.0 / threads}});
            if (threads > 1) {
                duel.against("1 thread", new double[][] {{12, 12}});
            }
            results.add(Measurement.of("whole", threads, ns -> ns, "ms", duel, Double.NaN, Row.Bar.NONE));
            results.add(Measurement.of(
                    "half", threads, ns -> ns, "ms", threads == 4 ? half() : duel, Double.NaN, Row.Bar.NONE));
        }
        results.add(Measurement.failed("failed", 2, "ms", Row.Bar.NONE, "it stopped"));
        String svg = Charts.speedups("A processor", results);
        List<Double> x = all(svg, "circle", "cx");
        List<Double> y = all(svg, "circle", "cy");
        assertThat(x).hasSize(6).containsExactly(60.0, 300.0, 540.0, 60.0, 300.0, 540.0);
        assertThat(y.get(0) - y.get(1)).isEqualTo(160);
        assertThat(y.get(1) - y.get(2)).isEqualTo(160);
        assertThat(y.get(5)).as("no faster than two").isEqualTo(y.get(4));
        assertThat(svg)
                .contains(">A processor<", ">4.000 x<", ">whole 4.000<", ">half 2.000<")
                .doesNotContain("failed");
        assertThat(Charts.speedups("nothing", List.of())).contains(">nothing<");
    }

    private static Duel half() {
        return new Duel(new double[][] {{6, 6}}).against("1 thread", new double[][] {{12, 12}});
    }
}
