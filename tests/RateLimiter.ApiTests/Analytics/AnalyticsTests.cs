using System.Globalization;
using System.Text.Json;

namespace RateLimiter.ApiTests.Analytics;

/// <summary>GET /analytics/summary, /analytics/timeseries and /analytics/top.</summary>
public sealed class AnalyticsTests : ServiceFixture
{
    [Test]
    [Contract(
        "GET /analytics/summary: {from,to,checks,allowed,denied,shadow_denied,degraded,distinct_users,p50_ms,p99_ms}"
    )]
    public async Task Summary_ChecksOfAllKinds_AddsThemUp()
    {
        await Client.HasPolicyAsync("r", 3);
        await Client.PostAsync(
            "/policy",
            """{"route_key":"s","limit":1,"window_seconds":3600,"mode":"shadow"}"""
        );
        for (var i = 0; i < 5; i++)
        {
            (await Client.CheckAsync("alice", "r")).MustBeOk();
        }

        var batch = await Client.PostAsync(
            "/check/batch",
            """
            {"checks":[{"user_id":"bob","route_key":"s"},{"user_id":"bob","route_key":"s"},
                       {"user_id":"carol","route_key":"unknown"}]}
            """
        );
        batch.MustBeOk();

        var answer = await Client.GetAsync("/analytics/summary");

        var (from, to) = (answer["from"].GetDateTimeOffset(), answer["to"].GetDateTimeOffset());
        var (p50, p99) = (answer["p50_ms"].GetDouble(), answer["p99_ms"].GetDouble());
        answer.MustBe(
            $$"""
            {"from":{{answer["from"].GetRawText()}},"to":{{answer[
                "to"
            ].GetRawText()}},"checks":7,"allowed":5,
             "denied":2,"shadow_denied":1,"degraded":0,"distinct_users":2,
             "p50_ms":{{answer["p50_ms"].GetRawText()}},"p99_ms":{{answer["p99_ms"].GetRawText()}}}
            """
        );
        using (Assert.EnterMultipleScope())
        {
            Assert.That((from.Second, to.Second), Is.EqualTo((0, 0)));
            Assert.That(to - from, Is.EqualTo(TimeSpan.FromDays(1) + TimeSpan.FromMinutes(1)));
            Assert.That(p50, Is.GreaterThan(0));
            Assert.That(p99, Is.GreaterThanOrEqualTo(p50));
        }
    }

    [Test]
    [Contract("GET /analytics/summary: nothing was checked")]
    public async Task Summary_NoChecks_IsZeroWithoutTimes()
    {
        var answer = await Client.GetAsync("/analytics/summary");

        answer.MustBeOk();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer["checks"].GetInt64(), Is.Zero);
            Assert.That(answer["p50_ms"].ValueKind, Is.EqualTo(JsonValueKind.Null));
            Assert.That(answer["p99_ms"].ValueKind, Is.EqualTo(JsonValueKind.Null));
        }
    }

    [Test]
    [Contract(
        "GET /analytics/timeseries: the sum of all buckets is every check, with every filter"
    )]
    public async Task TimeSeries_WithFilters_CountsThoseThatFit()
    {
        await Client.HasPolicyAsync("r", 2);
        await Client.HasPolicyAsync("r", 100, role: "pro");
        await Client.HasPolicyAsync("*", 100);
        foreach (
            var (route, role) in new[]
            {
                ("r", null),
                ("r", "free"),
                ("r", "default"),
                ("r", "pro"),
                ("x", "pro"),
            }
        )
        {
            (await Client.CheckAsync("u", route, role)).MustBeOk();
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(await SumAsync(""), Is.EqualTo((5, 1, 61)));
            Assert.That(await SumAsync("?bucket=hour"), Is.EqualTo((5, 1, 25)));
            Assert.That(await SumAsync("?route_key=r"), Is.EqualTo((4, 1, 61)));
            Assert.That(await SumAsync("?bucket=hour&role=default"), Is.EqualTo((4, 1, 25)));
            Assert.That(await SumAsync("?bucket=minute&role=pro"), Is.EqualTo((1, 0, 61)));
            Assert.That(await SumAsync("?route_key=x&role=default"), Is.EqualTo((1, 0, 61)));
            Assert.That(await SumAsync("?role=free"), Is.EqualTo((0, 0, 61)));
            Assert.That(await SumAsync("?route_key=*"), Is.EqualTo((0, 0, 61)));
        }

        async Task<(long Checks, long Denied, int Buckets)> SumAsync(string query)
        {
            var answer = (await Client.GetAsync($"/analytics/timeseries{query}")).MustBeOk();
            var buckets = answer["buckets"].EnumerateArray().ToList();
            Assert.That(
                buckets[0].GetProperty("start").GetRawText(),
                Is.EqualTo(answer["from"].GetRawText())
            );
            return (
                buckets.Sum(bucket => bucket.GetProperty("checks").GetInt64()),
                buckets.Sum(bucket => bucket.GetProperty("denied").GetInt64()),
                buckets.Count
            );
        }
    }

    [TestCase("", "minute", 61)]
    [TestCase("?bucket=hour", "hour", 25 * 60)]
    [Contract(
        "GET /analytics/timeseries: {from,to,bucket,buckets:[{start,checks,allowed,denied,shadow_denied,degraded}]}"
    )]
    public async Task TimeSeries_NoTimes_IsOfTheLastHourOrDay(
        string query,
        string bucket,
        int minutes
    )
    {
        await Client.HasPolicyAsync("r", 2);
        (
            await Client.PostAsync(
                "/policy",
                """{"route_key":"s","limit":1,"window_seconds":3600,"mode":"shadow"}"""
            )
        ).MustBeOk();
        foreach (var route in new[] { "r", "r", "r", "s", "s" })
        {
            (await Client.CheckAsync("u", route)).MustBeOk();
        }

        var answer = (await Client.GetAsync($"/analytics/timeseries{query}")).MustBeOk();

        var buckets = answer["buckets"].EnumerateArray().ToList();
        string[] figures = ["checks", "allowed", "denied", "shadow_denied", "degraded"];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                answer.Body.EnumerateObject().Select(member => member.Name),
                Is.EquivalentTo(["from", "to", "bucket", "buckets"])
            );
            Assert.That(answer["bucket"].GetString(), Is.EqualTo(bucket));
            Assert.That(
                answer["to"].GetDateTimeOffset() - answer["from"].GetDateTimeOffset(),
                Is.EqualTo(TimeSpan.FromMinutes(minutes))
            );
            Assert.That(
                buckets[0].EnumerateObject().Select(member => member.Name),
                Is.EquivalentTo(figures.Prepend("start"))
            );
            Assert.That(
                figures.Select(name => buckets.Sum(it => it.GetProperty(name).GetInt64())),
                Is.EqualTo(new[] { 5, 4, 1, 1, 0 })
            );
        }
    }

    [TestCase("from=2026-02-03T00:00:00Z&to=2026-02-04T01:00:00Z")]
    [TestCase("bucket=hour&from=2026-02-03T00:00:00Z&to=2026-04-06T12:00:00Z")]
    [Contract("GET /analytics/timeseries: at most 1500 buckets")]
    public async Task TimeSeries_AsManyBucketsAsThereCanBe_AreListed(string query)
    {
        var answer = (await Client.GetAsync($"/analytics/timeseries?{query}")).MustBeOk();

        Assert.That(answer["buckets"].GetArrayLength(), Is.EqualTo(1500));
    }

    [Test]
    [Contract("GET /analytics/top: {from,to,by,subject,of,entries:[{name,count}],other}")]
    public async Task Top_UsersAndRoutes_GivesTheMostFirst()
    {
        await Client.HasPolicyAsync("r", 2);
        await Client.HasPolicyAsync("s", 100);
        for (var i = 0; i < 4; i++)
        {
            await Client.CheckAsync("alice", "r");
        }

        await Client.CheckAsync("bob", "s");

        using (Assert.EnterMultipleScope())
        {
            await MustBeAsync(
                "",
                "user",
                "checks",
                """[{"name":"alice","count":4},{"name":"bob","count":1}]""",
                other: null
            );
            await MustBeAsync(
                "?limit=1",
                "user",
                "checks",
                """[{"name":"alice","count":4}]""",
                other: null
            );
            await MustBeAsync(
                "?of=denied",
                "user",
                "denied",
                """[{"name":"alice","count":2}]""",
                other: null
            );
            await MustBeAsync(
                "?by=route",
                "route",
                "checks",
                """[{"name":"r","count":4},{"name":"s","count":1}]""",
                other: 0
            );
            await MustBeAsync(
                "?by=route&limit=1",
                "route",
                "checks",
                """[{"name":"r","count":4}]""",
                other: 1
            );
            await MustBeAsync(
                "?by=route&of=denied",
                "route",
                "denied",
                """[{"name":"r","count":2}]""",
                other: 0
            );
        }

        async Task MustBeAsync(string query, string by, string of, string entries, int? other)
        {
            var answer = await Client.GetAsync($"/analytics/top{query}");
            answer.MustBe(
                $$"""
                {"from":{{answer["from"].GetRawText()}},"to":{{answer[
                    "to"
                ].GetRawText()}},"by":"{{by}}",
                 "subject":null,"of":"{{of}}","entries":{{entries}},"other":{{other?.ToString(
                     CultureInfo.InvariantCulture
                 ) ?? "null"}}}
                """
            );
        }
    }

    [TestCase("org", "", """[{"name":"acme","count":3},{"name":"b","count":1}]""", 0)]
    [TestCase("org", "&limit=1", """[{"name":"acme","count":3}]""", 1)]
    [TestCase("org", "&of=denied", """[{"name":"acme","count":1}]""", 0)]
    [TestCase("model", "", "[]", 0)]
    [Contract("Analytics: top by any subject of a limit; sums are exact")]
    public async Task Top_Subject_GivesTheMostFirstAndTheOthers(
        string subject,
        string query,
        string entries,
        int other
    )
    {
        (
            await Client.PostAsync(
                "/policy",
                """{"route_key":"r","limit":2,"window_seconds":3600,"per":["org"],"when_missing":"skip"}"""
            )
        ).MustBeOk();
        string[] subjects =
        [
            """{"org":"acme","model":"gpt"}""",
            """{"org":"acme"}""",
            """{"org":"acme"}""",
            """{"org":"b"}""",
            """{"model":"gpt"}""",
        ];
        foreach (var it in subjects)
        {
            (
                await Client.PostAsync(
                    "/check",
                    $$"""{"user_id":"u","route_key":"r","subjects":{{it}}}"""
                )
            ).MustBeOk();
        }

        var answer = await Client.GetAsync($"/analytics/top?by=subject&subject={subject}{query}");

        answer.MustBeOk();
        Assert.That(
            (
                answer["by"].GetString(),
                answer["subject"].GetString(),
                answer["entries"].GetRawText(),
                answer["other"].GetInt64()
            ),
            Is.EqualTo(("subject", subject, entries, (long)other))
        );
    }

    [Test]
    [Contract("GET /analytics/top: ten entries of the last day, unless it says otherwise")]
    public async Task Top_NothingNamed_IsOfTenUsersOfTheLastDay()
    {
        await Client.HasPolicyAsync("r", 1);
        for (var i = 0; i < 11; i++)
        {
            await Client.CheckAsync($"user {i}", "r");
        }

        var answer = (await Client.GetAsync("/analytics/top")).MustBeOk();

        var (from, to) = (answer["from"].GetDateTimeOffset(), answer["to"].GetDateTimeOffset());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer["entries"].GetArrayLength(), Is.EqualTo(10));
            Assert.That((from.Minute, from.Second), Is.EqualTo((0, 0)));
            Assert.That(to - from, Is.EqualTo(TimeSpan.FromHours(25)));
        }
    }

    [Test]
    [Contract("from is rounded down, to up; what the span does not touch is not counted")]
    public async Task Summary_SpanBesideTheChecks_CountsNone()
    {
        await Client.HasPolicyAsync("r", 10);
        await Client.CheckAsync("u", "r");
        var now = (await Client.GetAsync("/analytics/summary"))["to"].GetDateTimeOffset();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(await ChecksAsync(now.AddHours(-1), now), Is.EqualTo(1));
            Assert.That(await ChecksAsync(now.AddHours(-3), now.AddHours(-2)), Is.Zero);
            Assert.That(await ChecksAsync(now.AddHours(2), now.AddHours(3)), Is.Zero);
            Assert.That(await ChecksAsync(now.AddDays(-80), now), Is.EqualTo(1));
            Assert.That(
                await ChecksAsync(DateTimeOffset.MinValue, DateTimeOffset.MaxValue),
                Is.EqualTo(1)
            );
        }

        async Task<long> ChecksAsync(DateTimeOffset from, DateTimeOffset to) =>
            (await Client.GetAsync($"/analytics/summary?from={Text(from)}&to={Text(to)}"))
                .MustBeOk()["checks"]
                .GetInt64();

        static string Text(DateTimeOffset time) =>
            time.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
    }

    [TestCase("summary?from=yesterday", "from")]
    [TestCase("summary?to=2026-02-03", "to")]
    [TestCase("summary?from=2026-02-03T04:05:06Z&to=2026-02-03T04:05:06Z", "from")]
    [TestCase("summary?from=2999-01-01T00:00:00Z", "from")]
    [TestCase("summary?to=0001-01-01T00:00:00Z", "from")]
    [TestCase("summary?bucket=hour", "bucket")]
    [TestCase("timeseries?bucket=day", "bucket")]
    [TestCase("timeseries?bucket=Hour", "bucket")]
    [TestCase("timeseries?bucket=1", "bucket")]
    [TestCase("timeseries?bucket=", "bucket")]
    [TestCase("timeseries?route_key=", "route_key")]
    [TestCase("timeseries?role=", "role")]
    [TestCase("timeseries?from=2026-02-03T04:05:07Z&to=2026-02-03T04:05:06Z", "from")]
    [TestCase("timeseries?from=2026-02-03T00:00:00Z&to=2026-02-04T01:00:01Z", "from")]
    [TestCase("timeseries?bucket=hour&from=2026-02-03T00:00:00Z&to=2026-12-03T00:00:00Z", "from")]
    [TestCase("timeseries?from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z", "from")]
    [TestCase("top?from=2026-02-03T04:05:06Z&to=2026-02-03T04:05:06Z", "from")]
    [TestCase("top?by=role", "by")]
    [TestCase("top?by=subject", "subject")]
    [TestCase("top?by=subject&subject=", "subject")]
    [TestCase("top?by=subject&subject=Org", "subject")]
    [TestCase("top?by=subject&subject=user_id", "subject")]
    [TestCase("top?subject=org", "subject")]
    [TestCase("top?by=subject&subject.org=acme", "subject.org")]
    [TestCase("top?of=allowed", "of")]
    [TestCase("top?limit=0", "limit")]
    [TestCase("top?limit=101", "limit")]
    [TestCase("top?user_id=u", "user_id")]
    [Contract("A wrong query is a 400 that names the field")]
    public async Task AnyOfThem_WrongQuery_IsRefused(string query, string field)
    {
        (await Client.GetAsync($"/analytics/{query}")).MustRefuse(field);
    }

    [TestCase("summary")]
    [TestCase("timeseries")]
    [TestCase("top")]
    [Contract("Analytics require the scope logs:read")]
    public async Task AnyOfThem_WithoutTheScope_IsRefused(string name)
    {
        var reader = await Client.PostAsync("/keys", """{"name":"x","scopes":["logs:read"]}""");
        var other = await Client.PostAsync("/keys", """{"name":"y","scopes":["check"]}""");

        using (Assert.EnterMultipleScope())
        {
            (await GetAsync(reader)).MustBeOk();
            (await GetAsync(other)).MustBeProblem(403);
            (await Visitor.GetAsync($"/analytics/{name}")).MustBeProblem(401);
        }

        Task<Answer> GetAsync(Answer key) =>
            Client.With(key["api_key"].GetString()!).GetAsync($"/analytics/{name}");
    }

    [Test]
    [Contract("Tenants are isolated")]
    public async Task Summary_ChecksOfAnotherTenant_AreNotThere()
    {
        var other = await TestClient.RegisterAsync(Service);
        await other.HasPolicyAsync("r", 1);
        await other.CheckAsync("u", "r");

        var answer = await Client.GetAsync("/analytics/summary");

        Assert.That(answer.MustBeOk()["checks"].GetInt64(), Is.Zero);
    }
}
