using System.Text;
using System.Text.Json;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Redis.Logs;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Logs;

public sealed class LogEntryJsonTests
{
    private static readonly LogEntry Usual = new(
        new DateTimeOffset(2026, 11, 28, 20, 48, 13, TimeSpan.Zero).AddTicks(138_944),
        "alice",
        "search",
        "free",
        "default",
        Allowed: true,
        ShadowDenied: false,
        Degraded: false,
        Reason: null,
        Cost: 1,
        Remaining: 19,
        Limit: 10,
        Capacity: 20
    );

    private static readonly LogEntry[] Entries =
    [
        Usual,
        Usual with
        {
            DecidedAt = DateTimeOffset.UnixEpoch,
        },
        Usual with
        {
            Allowed = false,
            Reason = Decision.LimitExceeded,
            Remaining = 0,
        },
        Usual with
        {
            ShadowDenied = true,
            Degraded = true,
            Cost = 0,
        },
        Usual with
        {
            Cost = 1_000_000_000,
            Remaining = long.MaxValue,
            Capacity = null,
        },
        Usual with
        {
            Kind = LogEntryKind.Refund,
            Cost = 3,
        },
        Usual with
        {
            Kind = LogEntryKind.Reset,
            Cost = 0,
        },
        Usual with
        {
            Kind = LogEntryKind.Commit,
            ReservationId = "r\"1",
        },
        Usual with
        {
            Kind = LogEntryKind.Release,
            ReservationId = "",
        },
        Usual with
        {
            Kind = LogEntryKind.Commit,
            ReservationId = "abcdefgh",
            Released = 0,
            IsLate = true,
            IsHeld = true,
        },
        Usual with
        {
            Terms = new ReservationTerms(TimeSpan.FromHours(1), 1000, ExpiryAction.Charge),
            MinCost = 1,
        },
        Usual with
        {
            Terms = new ReservationTerms(TimeSpan.FromSeconds(1), 1, OnExpiry: null),
            ResetLimit = new string('"', 64),
        },
        Usual with
        {
            PartialGrant = 3,
            OverrideId = "o1",
        },
        Usual with
        {
            UserId = "\"\\\u0001\u001f</script>&'",
        },
        Usual with
        {
            UserId = "\U0001F600ü\u2028",
            RouteKey = "/ä\"",
            Role = "\\\U0001F600",
        },
        Usual with
        {
            UserId = string.Concat(Enumerable.Repeat("\U0001F600", 256)),
        },
        Usual with
        {
            UserId = new string('"', 256),
            RouteKey = new string('\\', 128),
        },
    ];

    [TestCaseSource(nameof(Entries))]
    public void Read_WhatWasWritten_IsTheSame(LogEntry entry) =>
        Assert.That(LogEntryJson.Read(LogEntryJson.Write(entry)), Is.EqualTo(entry));

    [Test]
    public void Read_SubjectsThatWereWritten_AreTheSame()
    {
        var entry = Usual with
        {
            Subjects = SubjectValues.Of(
                Enumerable
                    .Range(0, 8)
                    .Select(i =>
                        KeyValuePair.Create($"subject_{i}", new string((char)('"' + i), 256))
                    )
            ),
        };

        Assert.That(LogEntryJson.Read(LogEntryJson.Write(entry)), Is.EqualTo(entry));
    }

    // Earlier versions read entries with the serializer.
    [TestCaseSource(nameof(Entries))]
    public void Write_Entry_IsTheJsonOfItsDocument(LogEntry entry)
    {
        var json = Encoding.UTF8.GetString(LogEntryJson.Write(entry));

        var document = JsonSerializer.Deserialize(json, DocumentJson.Default.LogEntryDocument)!;
        var expected = JsonSerializer.SerializeToNode(
            document,
            DocumentJson.Default.LogEntryDocument
        );
        var written = JsonSerializer.SerializeToNode(JsonDocument.Parse(json).RootElement)!;
        written["decided_at"] = expected!["decided_at"]!.DeepClone();
        foreach (var zero in new[] { "cost", "remaining", "limit" })
        {
            // The serializer leaves out what is 0.
            expected[zero] ??= 0;
        }

        Assert.That(
            System.Text.Json.Nodes.JsonNode.DeepEquals(written, expected),
            $"{written} instead of {expected}"
        );
    }

    [Test]
    public void Write_Usual_IsShort() =>
        Assert.That(
            Encoding.UTF8.GetString(LogEntryJson.Write(Usual)),
            Is.EqualTo(
                """{"decided_at":"2026-11-28T20:48:13.0138944Z","user_id":"alice","route_key":"search","role":"free","matched_role":"default","allowed":true,"cost":1,"remaining":19,"limit":10,"capacity":20}"""
            )
        );

    [Test]
    public void Write_LoneSurrogate_IsReplaced() =>
        Assert.That(
            LogEntryJson
                .Read(LogEntryJson.Write(Usual with { UserId = "a\ud800\"" }))!
                .Value.UserId,
            Is.EqualTo("a\ufffd\"")
        );

    [TestCase(
        """{"decided_at":"2026-11-28T20:48:13.0138944+00:00","user_id":"alice","route_key":"search","role":"free","matched_role":"default","allowed":true,"cost":1,"remaining":19,"limit":10,"capacity":20}""",
        TestName = "Read_EntryOfAnEarlierVersion_IsRead"
    )]
    [TestCase(
        """{"decided_at":"2026-11-28T20:48:13.0138944Z","user_id":"alice","route_key":"search","role":"free","matched_role":"default","allowed":true,"cost":1,"remaining":19,"limit":10,"capacity":20,"kind":"decision","colour":{"of":["later",1]}}""",
        TestName = "Read_EntryOfALaterVersion_IsReadWithoutItsNewFields"
    )]
    public void Read_Line(string line) =>
        Assert.That(LogEntryJson.Read(Encoding.UTF8.GetBytes(line)), Is.EqualTo(Usual));

    [TestCase(
        """{"decided_at":"2026-11-28T20:48:13Z","user_id":"u","route_key":"r","role":"d","matched_role":"d","kind":"later"}"""
    )]
    [TestCase("""{"decided_at":"2026-11-28T20:48:13Z","route_key":"r","role":"d"}""")]
    [TestCase("""{"decided_at":5,"user_id":"u"}""")]
    [TestCase("{")]
    [TestCase("null")]
    [TestCase("")]
    [TestCase("\u0002\u0001alice")]
    public void Read_NothingThatThisVersionKnows_IsNull(string line) =>
        Assert.That(LogEntryJson.Read(Encoding.UTF8.GetBytes(line)), Is.Null);
}
