using Microsoft.Extensions.Time.Testing;
using RateLimiter.Domain.Overrides;

namespace RateLimiter.UnitTests.Domain.Overrides;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class OverrideTableTests
{
    private const string Nobody = "-";

    private readonly FakeTimeProvider time = new(TestData.Moment);

    /// <summary>
    /// The check (user, org, route, role), the overrides from the oldest to the newest, each with its number as its id, and the
    /// number of the one that decides; 0 for none. An override is effect, match, then what else it names: <c>org:</c> before the
    /// match for another subject, <c>@route</c>, <c>#role</c>, <c>-</c> for one that has ended, <c>+</c> for one that will.
    /// </summary>
    [TestCase("alice - search free", 0, TestName = "{m}(no override)")]
    [TestCase("alice - search free", 1, "blocked alice")]
    [TestCase("alice - search free", 0, "blocked bob")]
    [TestCase("alice - search free", 0, "blocked Alice", TestName = "{m}(case)")]
    [TestCase("alice - search free", 0, "blocked org:alice", TestName = "{m}(another subject)")]
    [TestCase("alice acme search free", 1, "blocked org:acme")]
    [TestCase("- acme search free", 1, "blocked org:acme", "blocked alice")]
    // Effects.
    [TestCase("alice - search free", 1, "blocked alice", "unlimited alice", "limits alice")]
    [TestCase("alice - search free", 3, "limits alice", "unlimited alice", "blocked alice")]
    [TestCase("alice - search free", 2, "limits alice", "unlimited alice")]
    [TestCase("alice - search free", 1, "blocked a*", "unlimited alice")]
    [TestCase("alice - search free", 1, "unlimited a*", "limits alice @search #free")]
    [TestCase("alice acme search free", 2, "unlimited alice", "blocked org:a*")]
    // Exact before pattern before network.
    [TestCase("alice - search free", 1, "limits alice", "limits alic* @search #free")]
    [TestCase("10.1.2.3 - search free", 2, "limits 10.1.0.0/16", "limits 10.*")]
    [TestCase("10.1.2.3 - search free", 1, "limits 10.1.2.3", "limits 10.1.2.3/32")]
    [TestCase("10.1.2.3 - search free", 2, "limits 10.1.2.3/32", "limits *3")]
    [TestCase("alice acme search free", 2, "limits al*", "limits org:acme")]
    // The longer.
    [TestCase("alice - search free", 2, "blocked a*", "blocked al*")]
    [TestCase("alice - search free", 1, "blocked al*", "blocked a*")]
    [TestCase("alice - search free", 1, "blocked *lice", "blocked al*")]
    [TestCase("alice acme-corp search free", 2, "blocked alice", "blocked org:acme-corp")]
    [TestCase("alice acme-corp search free", 1, "blocked org:acme-corp", "blocked alice @search")]
    [TestCase("10.1.2.3 - search free", 1, "blocked 10.1.0.0/16", "blocked 10.0.0.0/8 @search")]
    [TestCase("10.1.2.3 - search free", 2, "blocked 10.0.0.0/8", "blocked 10.1.0.0/16")]
    [TestCase("2001:db8:1::1 - search free", 2, "blocked 2001:db8::/32", "blocked 2001:db8:1::/48")]
    // One that names a route, then a role.
    [TestCase("alice - search free", 1, "blocked alice @search", "blocked alice")]
    [TestCase("alice - search free", 1, "blocked alice @search", "blocked alice #free")]
    [TestCase("alice - search free", 1, "blocked alice @search #free", "blocked alice @search")]
    [TestCase("alice - search free", 1, "blocked alice #free", "blocked alice")]
    [TestCase("alice - search free", 2, "blocked alice", "blocked alice #free")]
    [TestCase("alice - search free", 0, "blocked alice @upload")]
    [TestCase("alice - search free", 0, "blocked alice #paid")]
    [TestCase("alice - search free", 0, "blocked alice @search #paid", "blocked alice @upload")]
    [TestCase("alice - search free", 2, "blocked alice @upload", "blocked alice")]
    [TestCase("alice - search default", 1, "blocked alice #default")]
    [TestCase("alice - * free", 1, "blocked alice @*", TestName = "{m}(the route * is one)")]
    [TestCase("alice - search free", 0, "blocked alice @*", TestName = "{m}(and no other)")]
    // The newest.
    [TestCase("alice - search free", 2, "blocked alice", "blocked alice")]
    [TestCase("alice - search free", 3, "limits alice", "limits alice", "limits alice")]
    [TestCase("alice acme1 search free", 2, "blocked org:acme1", "blocked alice")]
    // One that has ended is none.
    [TestCase("alice - search free", 0, "blocked alice -")]
    [TestCase("alice - search free", 2, "blocked alice -", "limits a*")]
    [TestCase("alice - search free", 1, "blocked alice", "blocked alice -")]
    [TestCase("alice - search free", 1, "blocked alice +", "limits alice")]
    [TestCase("alice - search free", 2, "blocked alice @search -", "blocked alice", "limits alice")]
    // Patterns.
    [TestCase(
        "a - search free",
        1,
        "blocked a*",
        TestName = "{m}(a pattern matches its beginning)"
    )]
    [TestCase("a - search free", 1, "blocked *a", TestName = "{m}(and its end)")]
    [TestCase("ba - search free", 0, "blocked a*")]
    [TestCase("ab - search free", 0, "blocked *a")]
    [TestCase("a*c - search free", 1, "blocked a*", TestName = "{m}(a star in the value)")]
    [TestCase("abc - search free", 0, "blocked a*!", TestName = "{m}(a star that is exact)")]
    [TestCase("a* - search free", 1, "blocked a*!", TestName = "{m}(a star in both)")]
    // Networks.
    [TestCase("10.1.2.3 - search free", 0, "blocked 10.2.0.0/16")]
    [TestCase("::ffff:10.1.2.3 - search free", 1, "blocked 10.0.0.0/8")]
    [TestCase("10.1.2.3 - search free", 1, "blocked ::ffff:10.0.0.0/104")]
    [TestCase("10.1.2.3 - search free", 1, "blocked 0.0.0.0/0")]
    [TestCase("10.1.2.3 - search free", 0, "blocked ::/0")]
    [TestCase("2001:db8::/64 - search free", 1, "blocked 2001:db8::/32")]
    [TestCase("2001:db8::/64 - search free", 1, "blocked 2001:db8::/64")]
    [TestCase("2001:db8::/32 - search free", 0, "blocked 2001:db8::/64")]
    [TestCase("2001:DB8:0::1 - search free", 1, "blocked 2001:db8::/32")]
    [TestCase("10.0.0.0/24 - search free", 1, "blocked 10.0.0.0/8")]
    [TestCase("167837953 - search free", 0, "blocked 10.0.0.0/8", TestName = "{m}(a number)")]
    [TestCase("10.1.2 - search free", 0, "blocked 10.0.0.0/8", TestName = "{m}(a short address)")]
    [TestCase("012.1.2.3 - search free", 0, "blocked 10.0.0.0/8", TestName = "{m}(an octal part)")]
    public void Find_OfThese_IsTheOneThatDecides(
        string check,
        int expected,
        params string[] overrides
    )
    {
        var parsed = overrides.Select((text, i) => Parse(text, i + 1, overrides.Length)).ToList();

        var found = new OverrideTable(parsed).Find(QueryOf(check), time);

        Assert.That(found?.Id, Is.EqualTo(expected == 0 ? null : $"{expected}"));
    }

    [Test]
    public void Find_RandomOverrides_IsTheFirstOfThePlainList([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        var table = new OverrideTable(Enumerable.Range(0, 300).Select(i => RandomOf(random, i)));

        for (var i = 0; i < 500; i++)
        {
            var query = new OverrideQuery(
                Pick(
                    random,
                    Nobody,
                    "alice",
                    "bob",
                    "al",
                    "10.1.2.3",
                    "::ffff:10.1.9.9",
                    "2001:db8::/64"
                ),
                random.Next(2) == 0
                    ? null
                    : TestData.Subjects(("org", Pick(random, "acme", "a*", "alice"))),
                Pick(random, "r0", "r1", "r2"),
                Pick(random, "free", "paid")
            );

            Assert.That(
                table.Find(query, time),
                Is.SameAs(table.List(query).FirstOrDefault(it => it.AppliesAt(TestData.Moment)))
            );
        }
    }

    [Test]
    public void Find_OverrideThatEnds_AppliesUntilThenWithoutAnotherTable()
    {
        var end = TestData.Moment.AddSeconds(10);
        var table = new OverrideTable([OverrideCases.Of(OverrideCases.Definition(expiresAt: end))]);
        var query = QueryOf("alice - search free");

        time.Advance(TimeSpan.FromSeconds(10) - TimeSpan.FromTicks(1));
        var before = table.Find(query, time);
        time.Advance(TimeSpan.FromTicks(1));

        Assert.That(before, Is.Not.Null);
        Assert.That(table.Find(query, time), Is.Null);
    }

    [Test]
    public void Find_TenThousandThatDoNotMatch_AllocatesNothing()
    {
        var table = new OverrideTable(
            Enumerable
                .Range(0, 10_000)
                .Select(i =>
                    OverrideCases.Of(
                        OverrideCases.Definition(
                            (i % 4) switch
                            {
                                0 => $"user{i}",
                                1 => $"pre{i}*",
                                2 => $"*post{i}",
                                _ => $"10.{i / 256}.{i % 256}.0/24",
                            },
                            route: i % 3 == 0 ? "search" : null
                        ),
                        $"{i}"
                    )
                )
        );
        var query = QueryOf("alice acme search free");
        table.Find(query, time);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            table.Find(query, time);
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void With_Changes_ReplacesAddsAndRemovesUnlessNewer()
    {
        var (one, two, three) = (Of("1"), Of("2"), Of("3"));
        var newer = Of("2", version: 3);
        var table = new OverrideTable([one, newer]);

        var changed = table.With([
            new OverrideChange(one, After: null),
            new OverrideChange(two, Of("2", version: 2)),
            new OverrideChange(Before: null, three),
        ]);

        Assert.That(changed.Overrides, Is.EquivalentTo(new[] { newer, three }));
        Assert.That(table.Overrides, Is.EquivalentTo(new[] { one, newer }));

        static Override Of(string id, long version = 1) =>
            OverrideCases.Of(OverrideCases.Definition(), id, version: version);
    }

    private static OverrideQuery QueryOf(string check) =>
        check.Split(' ') is [var user, var org, var route, var role]
            ? new OverrideQuery(
                user == Nobody ? null : user,
                org == Nobody ? null : TestData.Subjects(("org", org)),
                route,
                role
            )
            : throw new FormatException(check);

    private static Override Parse(string text, int number, int count)
    {
        var parts = text.Split(' ');
        string? Named(char sign) => parts.Skip(2).FirstOrDefault(part => part[0] == sign);
        var (subject, match) = parts[1].StartsWith("org:", StringComparison.Ordinal)
            ? ("org", parts[1][4..])
            : ("user_id", parts[1]);
        var isExact = match.EndsWith('!');
        return OverrideCases.Of(
            OverrideCases.Definition(
                isExact ? match[..^1] : match,
                Enum.Parse<OverrideEffect>(parts[0], ignoreCase: true),
                subject,
                Named('@')?[1..],
                Named('#')?[1..],
                isExact ? OverrideMatchType.Exact : null,
                Named('-') is not null ? TestData.Moment
                    : Named('+') is not null ? TestData.Moment.AddSeconds(1)
                    : null
            ),
            $"{number}",
            age: count - number
        );
    }

    private static Override RandomOf(Random random, int number) =>
        OverrideCases.Of(
            OverrideCases.Definition(
                Pick(
                    random,
                    "alice",
                    "bob",
                    "a*",
                    "al*",
                    "*e",
                    "*lice",
                    "acme",
                    "10.0.0.0/8",
                    "10.1.0.0/16",
                    "2001:db8::/32"
                ),
                Pick(random, Enum.GetValues<OverrideEffect>()),
                Pick(random, "user_id", "org"),
                Pick(random, null, "r0", "r1", "r2"),
                Pick(random, null, "free", "paid"),
                expiresAt: random.Next(3) switch
                {
                    0 => TestData.Moment.AddSeconds(random.Next(-5, 5)),
                    _ => null,
                }
            ),
            $"{number:D3}",
            age: random.Next(5)
        );

    private static T Pick<T>(Random random, params T[] values) =>
        values[random.Next(values.Length)];
}
