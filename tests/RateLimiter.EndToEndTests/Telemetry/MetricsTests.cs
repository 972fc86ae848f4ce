using System.Text.Json;
using System.Text.RegularExpressions;

namespace RateLimiter.EndToEndTests.Telemetry;

/// <summary>GET /metrics of a used service, and the metrics named in samples and documentation.</summary>
[TestFixture]
public sealed partial class MetricsTests
{
    private static readonly string[] Words =
    [
        "sum",
        "by",
        "max",
        "rate",
        "increase",
        "min_over_time",
        "histogram_quantile",
        "and",
        "le",
    ];

    // Prometheus's own series: whether a scrape succeeded, and of which target.
    private static readonly string[] OfPrometheus = ["up", "instance", "job"];

    [Test]
    [Contract("GET /metrics needs no key; Prometheus text or OpenMetrics, as requested")]
    public async Task Metrics_AnyForm_IsServedWithoutAKey()
    {
        var visitor = new ApiClient((await SharedServices.AloneOfAsync(Store.Redis)).Service);

        var plain = (await visitor.GetAsync("/metrics")).MustBeOk();
        var open = await visitor.SendAsync(
            HttpMethod.Get,
            "/metrics",
            (string?)null,
            ("Accept", "application/openmetrics-text; version=1.0.0")
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(plain.ContentType, Is.EqualTo("text/plain"));
            Assert.That(open.MustBeOk().ContentType, Is.EqualTo("application/openmetrics-text"));
            Assert.That(open.Text, Does.EndWith("# EOF\n"));
            (await visitor.PostAsync("/metrics", "{}")).MustBeProblem(405);
        }
    }

    [Test]
    [Contract("Samples: every metric and label that the dashboard and the alerts name is served")]
    public async Task Samples_AnyExpression_NamesWhatIsServed()
    {
        var metrics = Metrics.Read(await OfAUsedServiceAsync(Store.Postgres));
        var labels = metrics
            .Series.SelectMany(it => it.Labels.Keys)
            .Concat(OfPrometheus)
            .ToHashSet();

        var names = await OfEveryStoreAsync();
        var expressions = Expressions().ToList();

        Assert.That(expressions, Has.Count.GreaterThan(20));
        using (Assert.EnterMultipleScope())
        {
            foreach (var expression in expressions)
            {
                // A range, such as [5m] or [$__rate_interval].
                var rest = Range.Replace(expression, "");
                var used = Selector.Matches(rest).SelectMany(it => Matcher.Matches(it.Value));
                var grouped = Grouping
                    .Matches(rest)
                    .SelectMany(it => Word.Matches(it.Groups[1].Value));
                Assert.That(
                    used.Select(it => it.Groups[1].Value).Union(grouped.Select(it => it.Value)),
                    Is.SubsetOf(labels),
                    expression
                );
                var mentioned = Word.Matches(Grouping.Replace(Selector.Replace(rest, ""), ""))
                    .Select(it => Part.Replace(it.Value, ""))
                    .Distinct();
                Assert.That(
                    mentioned.Except(Words),
                    Is.Not.Empty.And.SubsetOf(names.Union(OfPrometheus)),
                    expression
                );
            }
        }
    }

    [Test]
    [Contract("docs/telemetry.md documents every metric of the service")]
    public async Task Documentation_AnyMetricOfTheService_IsInIt()
    {
        var served = (await OfEveryStoreAsync())
            .Where(name => name.StartsWith("ratelimiter_", StringComparison.Ordinal))
            .ToList();

        var documented = Own.Matches(
                await File.ReadAllTextAsync(RepositoryFile.Of("docs/telemetry.md"))
            )
            .Select(it => Part.Replace(it.Value, ""))
            .ToHashSet();

        Assert.That(served, Has.Count.GreaterThan(15));
        Assert.That(documented, Is.EquivalentTo(served));
    }

    [TestCase(Store.Embedded)]
    [TestCase(Store.Redis)]
    [TestCase(Store.Postgres)]
    [Contract("promtool has nothing to say about GET /metrics")]
    public async Task Metrics_UsedService_PromtoolHasNothingToSay(Store store)
    {
        var text = await OfAUsedServiceAsync(store);

        await Promtool.MustAcceptMetricsAsync(text);
    }

    [TestCase("rules", "samples/prometheus/alerts.yml")]
    [TestCase("config", "samples/prometheus/prometheus.yml")]
    public async Task Samples_OfPrometheus_AreAcceptedByPromtool(string kind, string file) =>
        await Promtool.RunAsync(["check", kind, RepositoryFile.Of(file)], input: "");

    [Test]
    [Contract("Metrics disclose no client, user, route or role")]
    public async Task Metrics_UsedService_NameNobody()
    {
        var (_, service) = await SharedServices.AloneOfAsync(Store.Postgres);
        var client = await TestClient.RegisterAsync(service);
        await client.SavePolicyAsync("a-route-of-mine", 1, role: "a-role-of-mine");
        await client.CheckAsync("a-user-of-mine", "a-route-of-mine", "a-role-of-mine");

        var text = await Metrics.FreshAsync(service, _ => true);

        Assert.That(text, Does.Not.Contain("of-mine").And.Not.Contain(client.Id));
    }

    [Test]
    public async Task Metrics_AdministrativeCallsRefused_AreCountedWithTheirLimit()
    {
        const string Name = "ratelimiter_administrative_calls_refused_total";
        await using var host = await StoreHost.StartAnyAsync();
        var service = await host.ServeAloneAsync(
            SharedServices.Patient,
            ("Quotas__AdministrativeCallsPerSecond", "1"),
            ("Quotas__AdministrativeBurst", "3")
        );
        var client = await TestClient.RegisterAsync(service);
        // The warm-up makes more calls than that, from an address of its own.
        var before = Refused(Metrics.Read(await Metrics.FreshAsync(service, IsServed)));

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(_ => client.GetAsync("/keys"))
        );

        var refused = answers.Count(answer => answer.Status == 429);
        Assert.That(refused, Is.GreaterThan(0));
        await Metrics.FreshAsync(service, metrics => Refused(metrics) == before + refused);

        static bool IsServed(Metrics metrics) => metrics.Series.Any(it => it.Name == Name);

        static double Refused(Metrics metrics) =>
            metrics.Sum(Name, "limit", "client") + metrics.Sum(Name, "limit", "address");
    }

    /// <summary>The names of all metrics: some are of one store alone.</summary>
    private static async Task<IReadOnlyList<string>> OfEveryStoreAsync()
    {
        var (_, embedded) = await SharedServices.AloneOfAsync(Store.Embedded);
        var ofEmbedded = await Metrics.FreshAsync(
            embedded,
            it => it.Names.Contains("ratelimiter_embedded_size_bytes")
        );
        return
        [
            .. Metrics
                .Read(await OfAUsedServiceAsync(Store.Postgres))
                .Names.Union(Metrics.Read(ofEmbedded).Names),
        ];
    }

    /// <summary>After operations that make every metric appear.</summary>
    private static async Task<string> OfAUsedServiceAsync(Store store)
    {
        var (_, service) = await SharedServices.AloneOfAsync(store);
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", 1);
        await client.CheckAsync("u", "r");
        await client.CheckAsync("u", "r");
        return await Metrics.FreshAsync(service, it => it.Sum("ratelimiter_decisions_total") > 0);
    }

    private static IEnumerable<string> Expressions()
    {
        using var dashboard = JsonDocument.Parse(
            File.ReadAllText(RepositoryFile.Of("samples/grafana/ratelimiter.json"))
        );
        foreach (var panel in dashboard.RootElement.GetProperty("panels").EnumerateArray())
        {
            foreach (var target in panel.GetProperty("targets").EnumerateArray())
            {
                yield return target.GetProperty("expr").GetString()!;
            }
        }

        var rules = Rule.Matches(
            File.ReadAllText(RepositoryFile.Of("samples/prometheus/alerts.yml"))
        );
        foreach (Match rule in rules)
        {
            yield return rule.Groups[1].Value;
        }
    }

    // On one line, or as a block after a bar.
    [GeneratedRegex(@"^ +expr: (?:\|\n)?((?:.+)(?:\n {10,}.+)*)$", RegexOptions.Multiline)]
    private static partial Regex Rule { get; }

    [GeneratedRegex(@"\[[^\]]*\]")]
    private static partial Regex Range { get; }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Selector { get; }

    [GeneratedRegex("(\\w+)\\s*(?:=~|!=|!~|=)\\s*\"")]
    private static partial Regex Matcher { get; }

    [GeneratedRegex(@"\bby \(([^)]*)\)")]
    private static partial Regex Grouping { get; }

    [GeneratedRegex(@"\b[a-z_]\w*\b")]
    private static partial Regex Word { get; }

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex Part { get; }

    [GeneratedRegex(@"\bratelimiter_\w+")]
    private static partial Regex Own { get; }
}
