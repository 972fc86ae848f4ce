using RateLimiter.Application.Analytics;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Analytics;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Analytics;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DecisionCountsTests
{
    private static readonly PolicyKey Search = new("search", "free");
    private static readonly ClientId Other = new("fedcba9876543210");
    private static readonly long Minute = TestData.Moment.ToUnixTimeSeconds() / 60;

    private readonly DecisionCounts counts = new();

    [Test]
    public void Add_DecisionsOfAllKinds_CountsEachAsWhatItIs()
    {
        Add(Logged());
        Add(Logged() with { Allowed = false });
        Add(Logged() with { ShadowDenied = true });
        Add(Logged() with { Allowed = false, Degraded = true });

        var key = new SeriesKey(TestData.Client, Minute, "search", "free", IsCatchAll: false);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                counts.Series,
                Is.EquivalentTo(new Dictionary<SeriesKey, Tally> { [key] = new(4, 2, 2, 1, 1) })
            );
            Assert.That(
                counts.Users,
                Is.EquivalentTo(
                    new Dictionary<UserKey, NamedTally>
                    {
                        [new UserKey(TestData.Client, Minute / 60, "alice")] = new(4, 2),
                    }
                )
            );
            Assert.That(
                counts.Times,
                Is.EquivalentTo(
                    new Dictionary<TimeKey, long>
                    {
                        [new TimeKey(TestData.Client, Minute / 60, 3)] = 4,
                    }
                )
            );
        }
    }

    [Test]
    public void Add_DecisionsThatDiffer_AreToldApart()
    {
        Add(Logged());
        Add(Logged(), Search with { Role = "pro" });
        Add(Logged(), new PolicyKey(PolicyKey.CatchAllRoute, "free"));
        Add(Logged() with { RouteKey = "other" });
        Add(Logged() with { DecidedAt = TestData.Moment.AddMinutes(1) });
        Add(Logged(), client: Other);

        Assert.That(counts.Series, Has.Count.EqualTo(6));
        Assert.That(counts.Checks, Is.EqualTo(6));
    }

    [Test]
    public void Add_MoreThanAreToldApart_KeepsSumsAndWhatPolicyItWas()
    {
        const int Many = 3 * DecisionCounts.MaxSeries;
        for (var i = 0; i < Many; i++)
        {
            Add(Logged() with { RouteKey = $"{i}", UserId = $"{i}" }, PolicyKey.CatchAll);
        }

        Add(Logged() with { RouteKey = "0", UserId = "0" }, PolicyKey.CatchAll);
        Add(Logged());

        using (Assert.EnterMultipleScope())
        {
            Assert.That(counts.Checks, Is.EqualTo(Many + 2));
            Assert.That(counts.Series, Has.Count.EqualTo(DecisionCounts.MaxSeries + 2));
            Assert.That(
                counts
                    .Series.Where(count => count.Key.RouteKey == SeriesKey.Other)
                    .Select(count => (count.Key.Role, count.Key.IsCatchAll, count.Value.Checks)),
                Is.EquivalentTo([
                    ("default", true, (long)Many - DecisionCounts.MaxSeries),
                    (SeriesKey.Other, false, 1L),
                ])
            );
            Assert.That(counts.Users, Has.Count.EqualTo(DecisionCounts.MaxUsers));
        }
    }

    [Test]
    public void Add_Subjects_CountsThoseThatALimitHas()
    {
        Add(LoggedOf("acme"));
        Add(LoggedOf("acme") with { Allowed = false });
        Add(LoggedOf("umbrella"));
        Add(Logged());

        Assert.That(
            counts.Subjects,
            Is.EquivalentTo(
                new Dictionary<SubjectKey, NamedTally>
                {
                    [new SubjectKey(TestData.Client, Minute / 60, "org", "acme")] = new(2, 1),
                    [new SubjectKey(TestData.Client, Minute / 60, "org", "umbrella")] = new(1, 0),
                }
            )
        );
    }

    [Test]
    public void Add_MoreSubjectsThanAreToldApart_KeepsTheSum()
    {
        const int Many = DecisionCounts.MaxSubjects + 5;
        for (var i = 0; i < Many; i++)
        {
            Add(LoggedOf($"{i}"));
        }

        Add(LoggedOf("0"));

        var other = new SubjectKey(TestData.Client, Minute / 60, "org", SubjectKey.Other);
        Assert.That(counts.Subjects, Has.Count.EqualTo(DecisionCounts.MaxSubjects + 1));
        Assert.That(counts.Subjects[other], Is.EqualTo(new NamedTally(5, 0)));
        Assert.That(counts.Subjects.Values.Sum(it => it.Checks), Is.EqualTo(Many + 1));
    }

    [Test]
    public void Take_CountsOfBoth_AddsThemAndLeavesTheOtherEmpty()
    {
        var more = new DecisionCounts();
        Add(Logged());
        more.Add(TestData.Client, PolicyOf(Search), Logged(), TimeSpan.FromTicks(3));
        more.Add(Other, PolicyOf(Search), Logged(), TimeSpan.FromTicks(3));
        Add(LoggedOf("acme"));
        more.Add(TestData.Client, PolicyOf(Search), LoggedOf("acme"), TimeSpan.FromTicks(3));

        counts.Take(more);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                counts.Series.Values.Select(tally => tally.Checks),
                Is.EquivalentTo([4, 1])
            );
            Assert.That(counts.Users.Values.Select(user => user.Checks), Is.EquivalentTo([4, 1]));
            Assert.That(counts.Subjects.Values.Select(it => it.Checks), Is.EqualTo([2]));
            Assert.That(counts.Times.Values, Is.EquivalentTo([4, 1]));
            Assert.That(more.Checks, Is.Zero);
            Assert.That(more.Users, Is.Empty);
            Assert.That(more.Subjects, Is.Empty);
            Assert.That(more.Times, Is.Empty);
        }
    }

    [Test]
    public void MoveExcept_NoClient_LeavesNothing()
    {
        Add(LoggedOf("acme"));
        Add(LoggedOf("acme"), client: Other);

        var taken = new DecisionCounts();
        counts.MoveExcept(new HashSet<ClientId>(), taken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(taken.Checks, Is.EqualTo(2));
            Assert.That(taken.Users, Has.Count.EqualTo(2));
            Assert.That(counts.Checks, Is.Zero);
            Assert.That(counts.Users, Is.Empty);
            Assert.That(taken.Subjects, Has.Count.EqualTo(2));
            Assert.That(counts.Subjects, Is.Empty);
            Assert.That(counts.Times, Is.Empty);
        }
    }

    [Test]
    public void MoveExcept_SomeClients_LeavesTheirs()
    {
        Add(LoggedOf("acme"));
        Add(LoggedOf("acme"), client: Other);

        var taken = new DecisionCounts();
        counts.MoveExcept(new HashSet<ClientId> { Other }, taken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(taken.Series.Keys.Select(key => key.Client), Is.EqualTo([TestData.Client]));
            Assert.That(taken.Users.Keys.Select(key => key.Client), Is.EqualTo([TestData.Client]));
            Assert.That(
                taken.Subjects.Keys.Select(key => key.Client),
                Is.EqualTo([TestData.Client])
            );
            Assert.That(counts.Subjects.Keys.Select(key => key.Client), Is.EqualTo([Other]));
            Assert.That(taken.Times.Keys.Select(key => key.Client), Is.EqualTo([TestData.Client]));
            Assert.That(counts.Series.Keys.Select(key => key.Client), Is.EqualTo([Other]));
            Assert.That(counts.Users.Keys.Select(key => key.Client), Is.EqualTo([Other]));
            Assert.That(counts.Times.Keys.Select(key => key.Client), Is.EqualTo([Other]));
        }
    }

    private void Add(LogEntry decision, PolicyKey? policy = null, ClientId? client = null) =>
        counts.Add(
            client ?? TestData.Client,
            PolicyOf(policy ?? Search),
            decision,
            TimeSpan.FromTicks(3)
        );

    private static Policy PolicyOf(PolicyKey key) =>
        TestData.Policy(
            key.RouteKey,
            key.Role,
            limits: [TestData.Limit(), TestData.Limit("of", per: ["org", "user_id"])]
        );

    private static LogEntry Logged() => TestData.LoggedOf("alice");

    private static LogEntry LoggedOf(string organisation) =>
        Logged() with
        {
            Subjects = TestData.Subjects(("org", organisation), ("model", "gpt")),
        };
}
