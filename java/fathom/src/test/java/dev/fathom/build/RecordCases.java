package dev.fathom.build;

import java.util.ArrayList;
import java.util.List;

/** Records with components of all types, for {@link PrelinkTest}. */
public final class RecordCases {
    record Nothing() {}

    record Each(
            boolean a,
            byte b,
            char c,
            short d,
            int e,
            long f,
            float g,
            double h,
            String i,
            int[] j,
            List<String> k,
            Each l) {
        Each(int e, float g, double h, String i, int[] j, Each l) {
            this(e > 0, (byte) e, (char) (e + 'a'), (short) -e, e, (long) e << 40, g, h, i, j, List.of("x"), l);
        }
    }

    record Generic<T extends Comparable<T>>(T first, T second) {}

    record OwnEquals(int a, int b) {
        @Override
        public boolean equals(Object other) {
            return other instanceof OwnEquals o && o.a == a;
        }

        @Override
        public int hashCode() {
            return a;
        }
    }

    record OwnAccessor(int a) {
        @Override
        public int a() {
            return 7;
        }
    }

    private RecordCases() {}

    /** The code of each record, and which are equal. */
    public static String all() {
        int[] one = {1};
        Each inner = new Each(1, 2, 3, "i", one, null);
        List<Record> records = new ArrayList<>();
        records.add(new Nothing());
        records.add(new Nothing());
        for (Each l : new Each[] {null, inner}) {
            for (int e = -1; e < 2; e++) {
                records.add(new Each(e, 1, 2, "i", one, l));
                records.add(new Each(e, -0f, Double.NaN, null, one, l));
                records.add(new Each(e, 0f, Double.NaN, null, one, l));
                records.add(new Each(e, Float.NaN, -0.0, null, null, l));
            }
        }
        records.add(new Each(0, 1, 2, "i", one, new Each(1, 2, 3, "i", one, null)));
        records.add(new Generic<>("a", "b"));
        records.add(new Generic<>("a", "b"));
        records.add(new Generic<>(1, null));
        records.add(new OwnEquals(1, 2));
        records.add(new OwnEquals(1, 3));
        records.add(new OwnAccessor(1));
        records.add(new OwnAccessor(2));
        StringBuilder found = new StringBuilder();
        for (Record a : records) {
            boolean array = a instanceof Each e && (e.j != null || e.l != null); // whose code differs from run to run
            found.append(array ? "array" : a.hashCode());
            for (Record b : records) {
                found.append(a.equals(b) ? " =" : " .");
            }
            found.append(a.equals(null)).append(a.equals("x")).append('\n');
        }
        return found.toString();
    }
}
