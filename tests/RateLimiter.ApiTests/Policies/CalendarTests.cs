using System.Globalization;
using System.Text;
using System.Text.Json;

namespace RateLimiter.ApiTests.Policies;

/// <summary>Limits of calendar periods, wherever they are seen.</summary>
public sealed class CalendarTests : ServiceFixture
{
    private const string Monthly = """
        {"algorithm":"calendar","limit":100,"period":"month","time_zone":"Europe/Berlin","anchor":"2026-01-31"}
        """;

    // The fields of a calendar limit, and the field that is wrong.
    [TestCase(""" "period":"month","time_zone":"Europe/Bonn" """, "time_zone")]
    [TestCase(""" "period":"month","time_zone":"europe/berlin" """, "time_zone")]
    [TestCase(""" "period":"month","time_zone":"CET" """, "time_zone")]
    [TestCase(""" "period":"month","time_zone":"EST5EDT" """, "time_zone")]
    [TestCase(""" "period":"month","time_zone":"UTC+01" """, "time_zone")]
    [TestCase(""" "period":"month","time_zone":"+01:00" """, "time_zone")]
    [TestCase(""" "period":"month","time_zone":"" """, "time_zone")]
    [TestCase(""" "period":"month","time_zone":1 """, "time_zone")]
    [TestCase(""" "period":"month","anchor":"2026-01-31T00:00:00+01:00" """, "anchor")]
    [TestCase(""" "period":"month","anchor":"2026-01-31T00:00:00Z" """, "anchor")]
    [TestCase(""" "period":"month","anchor":"2026-02-30" """, "anchor")]
    [TestCase(""" "period":"month","anchor":"1969-12-31" """, "anchor")]
    [TestCase(""" "period":"month","anchor":"2101-01-01" """, "anchor")]
    [TestCase(""" "period":"month","anchor":"31.01.2026" """, "anchor")]
    [TestCase(""" "period":"month","anchor":"" """, "anchor")]
    [TestCase(""" "period":"month","anchor":1 """, "anchor")]
    [TestCase(""" "period":"minute" """, "period")]
    [TestCase(""" "period":"Month" """, "period")]
    [TestCase(""" "period":"" """, "period")]
    [TestCase(""" "period":1 """, "period")]
    [TestCase(""" "time_zone":"UTC" """, "period")]
    [TestCase(""" "period":null """, "period")]
    [TestCase(""" "period":"month","window_seconds":60 """, "window_seconds")]
    [TestCase(""" "period":"month","burst":5 """, "burst")]
    [Contract("calendar: period, time_zone, anchor; no window_seconds, no burst")]
    public async Task Save_WrongField_IsRefusedByItsName(string fields, string field)
    {
        var limit = $$"""{"algorithm":"calendar","limit":1,{{fields}}}""";

        (await SaveAsync(limit)).MustRefuse(field);
        (await SaveListAsync(limit)).MustRefuse($"limits[0].{field}");
        Assert.That(await Client.PoliciesAsync(), Is.Empty);
    }

    [TestCase(""" "period":"month" """, "period")]
    [TestCase(""" "time_zone":"UTC" """, "time_zone")]
    [TestCase(""" "anchor":"2026-01-31" """, "anchor")]
    [Contract("period, time_zone and anchor are only for calendar")]
    public async Task Save_FieldOfACalendarBesideAWindow_IsRefused(string more, string field) =>
        (await SaveAsync($$"""{"limit":1,"window_seconds":60,{{more}}}""")).MustRefuse(field);

    [TestCase("hour", null, null, null)]
    [TestCase("day", "Europe/Berlin", null, null)]
    [TestCase("week", "Australia/Lord_Howe", "2026-01-01", "2026-01-01")]
    [TestCase("month", "Etc/GMT+1", "2100-12-31", "2100-12-31")]
    [TestCase("quarter", "US/Pacific", "1970-01-01T09:30", "1970-01-01T09:30:00")]
    [TestCase("year", "UTC", "2024-02-29T00:00:00", "2024-02-29")]
    [Contract("calendar: time_zone UTC by default; window_seconds is null")]
    public async Task Save_Calendar_IsListedAsSaved(
        string period,
        string? zone,
        string? anchor,
        string? shown
    )
    {
        var limit = JsonSerializer.Serialize(
            new
            {
                algorithm = "calendar",
                limit = 5,
                period,
                time_zone = zone,
                anchor,
            }
        );

        var saved = (await SaveAsync(limit)).MustBeOk()["policy"];

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                (
                    Text(saved, "algorithm"),
                    Text(saved, "period"),
                    Text(saved, "time_zone"),
                    Text(saved, "anchor")
                ),
                Is.EqualTo(("calendar", period, zone ?? "UTC", shown))
            );
            Assert.That(Text(saved, "window_seconds"), Is.Null);
            Assert.That(Text(saved, "burst"), Is.Null);
            Assert.That(
                JsonElement.DeepEquals((await Client.GetAsync("/policy")).Body[0], saved),
                Is.True
            );
        }

        var history = await Client.GetAsync("/policy/history?route_key=r");
        Assert.That(JsonElement.DeepEquals(history.Body[0].GetProperty("policy"), saved), Is.True);
    }

    [Test]
    [Contract("calendar: the default name of a limit is its period")]
    public async Task Save_ListWithoutNames_NamesThemAfterTheirPeriods()
    {
        var saved = await SaveListAsync(
            Monthly,
            """{"algorithm":"calendar","limit":9,"period":"month"}""",
            """{"algorithm":"calendar","limit":9,"period":"day"}""",
            """{"limit":9,"window_seconds":60}"""
        );

        Assert.That(
            saved
                .MustBeOk()["policy"]
                .GetProperty("limits")
                .EnumerateArray()
                .Select(limit => Text(limit, "name")),
            Is.EqualTo(["month", "month-2", "day", "60s"])
        );
    }

    [TestCase("json")]
    [TestCase("yaml")]
    [Contract("export → import is a round trip without changes")]
    public async Task Export_Calendar_IsImportedAsItWas(string format)
    {
        (await SaveListAsync(Monthly, """{"limit":9,"window_seconds":60}""")).MustBeOk();
        var before = (await Client.GetAsync("/policy")).Text;

        var document = (await Client.GetAsync($"/policy/export?format={format}")).Text;
        var imported = await Client.SendAsync(
            HttpMethod.Put,
            "/policy/import",
            new StringContent(document, Encoding.UTF8, $"application/{format}")
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(imported.MustBeOk()["unchanged"].GetInt32(), Is.EqualTo(1));
            Assert.That((await Client.GetAsync("/policy")).Text, Is.EqualTo(before));
            Assert.That(document, Does.Contain("Europe/Berlin").And.Contain("2026-01-31"));
            Assert.That(document, Does.Not.Contain("\"window_seconds\":null"));
        }
    }

    [Test]
    [Contract("calendar: resets_at is the end of the period, with the offset of its zone")]
    public async Task Check_Calendar_TellsWhenItsPeriodEnds()
    {
        // An hour that begins now, so that it does not end during the test.
        var start = TimeProvider.System.GetUtcNow();
        start = start.AddTicks(-(start.Ticks % TimeSpan.TicksPerSecond));
        var local = start.ToOffset(TimeSpan.FromMinutes(345));
        (
            await SaveAsync(
                $$"""
                {"algorithm":"calendar","limit":2,"period":"hour","time_zone":"Asia/Kathmandu",
                 "anchor":"{{local:yyyy-MM-dd'T'HH:mm:ss}}"}
                """
            )
        ).MustBeOk();
        string[] expected = [Rfc3339(local.AddHours(1))];

        var allowed = await Client.CheckAsync("u", "r", cost: 2);
        var denied = await Client.CheckAsync("u", "r");
        var usage = await Client.GetAsync("/usage?user_id=u&route_key=r");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                new[] { allowed, denied, usage }
                    .Select(answer => answer.MustBeOk()["resets_at"].GetString())
                    .Distinct(),
                Is.EqualTo(expected)
            );
            Assert.That((allowed.Allowed, denied.Allowed), Is.EqualTo((true, false)));
            Assert.That(denied["retry_after"].GetInt64(), Is.InRange(3500, 3600));
            Assert.That(denied.Headers["RateLimit-Policy"], Is.EqualTo("\"default\";q=2;w=3600"));
            Assert.That(
                denied.Headers["RateLimit"],
                Is.EqualTo($"\"default\";r=0;t={denied["reset_in"]}")
            );
        }
    }

    [Test]
    [Contract("calendar: w is the length of this very period")]
    public async Task Check_MonthOfTheCalendar_HasItsLengthInTheHeader()
    {
        (await SaveAsync("""{"algorithm":"calendar","limit":9,"period":"month"}""")).MustBeOk();

        var answer = await Client.CheckAsync("u", "r");

        var end = DateTimeOffset.Parse(
            answer["resets_at"].GetString()!,
            CultureInfo.InvariantCulture
        );
        var length = (long)(end - end.AddMonths(-1)).TotalSeconds;
        Assert.That(answer.Headers["RateLimit-Policy"], Is.EqualTo($"\"default\";q=9;w={length}"));
        Assert.That((end.Day, end.TimeOfDay), Is.EqualTo((1, TimeSpan.Zero)));
    }

    [Test]
    [Contract("resets_at is null where the figures are of another limit")]
    public async Task Check_FiguresOfAnotherLimit_HaveNoResetsAt()
    {
        (await SaveListAsync(Monthly, """{"limit":9,"window_seconds":60}""")).MustBeOk();

        var answer = await Client.CheckAsync("u", "r");

        Assert.That(answer.MustBeOk()["resets_at"].ValueKind, Is.EqualTo(JsonValueKind.Null));
    }

    [Test]
    [Contract("Another zone, anchor or period is reset; other permits are not")]
    public async Task Save_AnotherSchedule_IsReset()
    {
        (await SaveAsync(Monthly)).MustBeOk();

        string[][] reset =
        [
            ResetBy(await SaveAsync(Monthly.Replace("100", "50", StringComparison.Ordinal))),
            ResetBy(await SaveAsync(Monthly.Replace("Berlin", "Paris", StringComparison.Ordinal))),
            ResetBy(await SaveAsync(Monthly.Replace("01-31", "01-30", StringComparison.Ordinal))),
            ResetBy(await SaveAsync(Monthly.Replace("month", "year", StringComparison.Ordinal))),
        ];

        Assert.That(
            reset.Select(names => names.Length),
            Is.EqualTo([0, 1, 1, 1]),
            "The names of the limits that are reset."
        );
    }

    private static string[] ResetBy(Answer saved) =>
        [.. saved.MustBeOk()["reset_limits"].EnumerateArray().Select(name => name.GetString()!)];

    private static string? Text(JsonElement element, string name) =>
        element.GetProperty(name).GetString();

    private static string Rfc3339(DateTimeOffset time) =>
        time.ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture);

    /// <summary>Saves a policy whose only limit has these fields.</summary>
    private Task<Answer> SaveAsync(string limit) =>
        Client.PostAsync("/policy", $$"""{"route_key":"r",{{limit.Trim()[1..]}}""");

    private Task<Answer> SaveListAsync(params string[] limits) =>
        Client.PostAsync(
            "/policy",
            $$"""{"route_key":"r","limits":[{{string.Join(',', limits)}}]}"""
        );
}
