package dev.fathom.tensor;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether a model has fixed a module in evaluation mode. The modes belong to the models' {@link Store}s; this only leads from a module, which
 * knows no model, to them, by references that let a forgotten model be collected. Empty in nearly every process, and then it costs one read.
 */
final class EvalModes {
    private static volatile List<WeakReference<Store>> stores = List.of();

    private EvalModes() {}

    /** Tells that some modules of a model are fixed from now on. */
    static void add(Store store) {
        update(store, true);
    }

    /** Tells that none of them is. */
    static void remove(Store store) {
        update(store, false);
    }

    private static synchronized void update(Store store, boolean present) {
        if (!present && stores.isEmpty()) {
            return;
        }
        List<WeakReference<Store>> others = new ArrayList<>();
        for (WeakReference<Store> s : stores) {
            Store other = s.get();
            if (other != null && other != store) {
                others.add(s);
            }
        }
        if (present) {
            others.add(new WeakReference<>(store));
        }
        stores = List.copyOf(others);
    }

    /** Whether the model that runs {@code module} below {@code parent} has fixed it. */
    static boolean fixes(Object module, @Nullable Frame parent) {
        List<WeakReference<Store>> all = stores;
        for (int i = 0; i < all.size(); i++) { // every module that runs asks this, so no iterator is made
            Store store = all.get(i).get();
            if (store != null && store.evaluating().contains(module)) {
                Store runs = running(module, parent);
                if (runs == null || runs == store) {
                    return true;
                }
            }
        }
        return false;
    }

    /**
     * The store of the model that runs a module, as the values of the module, or of the nearest one around it that has any, tell: two models may share
     * a module without values, such as a dropout. Null where no module has values.
     */
    private static @Nullable Store running(Object module, @Nullable Frame parent) {
        Object at = module;
        for (Frame f = parent; ; f = f.parent) {
            for (Structure.Named n : Structure.walk(at)) {
                if (n.value() instanceof Held h && h.bound()) {
                    return h.store();
                }
            }
            if (f == null) {
                return null;
            }
            at = f.module;
        }
    }
}
