//! The SQL of figures, over spans: JSON arguments of `spans::Piece`.

/// The buckets `x` of a table of sales that are in the spans `p`.
pub fn buckets(argument: &str, table: &str) -> String {
    format!(
        "json_each(:{argument}) AS p CROSS JOIN {table} x ON x.store_id = :store \
         AND x.grain_ms = p.value ->> 'grain_ms' AND x.begins_at >= p.value ->> 'from' \
         AND x.begins_at < p.value ->> 'until'"
    )
}

/// The sum of the spans' figures as JSON, with the currency of `stores s`.
pub fn sum(argument: &str) -> String {
    format!(
        "(SELECT json_object('orders', coalesce(sum(x.orders), 0), 'units', coalesce(sum(x.units), 0), \
         'revenue', json_object('amount', coalesce(sum(x.revenue_minor), 0), 'currency', s.currency), \
         'refunded', json_object('amount', coalesce(sum(x.refunded_minor), 0), 'currency', s.currency), \
         'returns', coalesce(sum(x.returned), 0)) FROM {})",
        buckets(argument, "sales")
    )
}

/// What was sold of each product in the spans: `product_id`, `units`, `revenue_minor`, `returned`.
pub fn by_product(argument: &str) -> String {
    format!(
        "(SELECT x.product_id AS product_id, sum(x.units) AS units, sum(x.revenue_minor) AS revenue_minor, \
         sum(x.returned) AS returned FROM {} GROUP BY x.product_id)",
        buckets(argument, "product_sales")
    )
}

/// The title of the product `t.product_id`.
pub const TITLE: &str = "coalesce((SELECT title FROM products WHERE store_id = :store AND id = t.product_id), \
    (SELECT title FROM sold_products WHERE store_id = :store AND product_id = t.product_id))";
