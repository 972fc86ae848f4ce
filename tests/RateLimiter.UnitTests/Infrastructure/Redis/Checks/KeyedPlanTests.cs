using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Checks;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Checks;

/// <summary>The names of counters: after a change of a policy, usage counts under the same name only.</summary>
public sealed class KeyedPlanTests
{
    private static readonly SubjectValues? Acme = SubjectValues.Of([
        KeyValuePair.Create("org", "acme"),
    ]);

    [TestCase("user_id")]
    [TestCase("org")]
    public void Counters_LimitOfMoreSubjectsIsAdded_KeepTheirNames(string subject)
    {
        var limit = TestData.Limit(per: [subject]);
        var before = TestData.Policy(limits: limit);
        var after = before.Revise(
            TestData.Definition(limits: [limit, TestData.Limit("both", per: ["org", "user_id"])]),
            TestData.Moment
        );

        Assert.That(after.ResetSince(before), Is.Empty);
        Assert.That(NamesOf(after)[0], Is.EqualTo(NamesOf(before)[0]));
    }

    [TestCase("user_id", "rl:{CLIENT:5:alice}:E")]
    [TestCase("org", "rl:{CLIENT:s:org:4:acme}:E")]
    [TestCase("org user_id", "rl:{CLIENT:s5:aliceorg:4:acme}:E")]
    [TestCase("", "rl:{CLIENT:p6:searchdefault}:E")]
    [TestCase(
        "org, org user_id",
        "rl:{CLIENT:s:org:4:acme}:E rl:{CLIENT:s:org:4:acme}:5:aliceorg:4:acme:E"
    )]
    [TestCase(
        "org, user_id",
        "rl:{CLIENT:p6:searchdefault}::org:4:acme:E rl:{CLIENT:p6:searchdefault}:5:alice:E"
    )]
    public void Counters_OfLimits_ShareTheSlotOfTheirCommonSubjects(string per, string names)
    {
        var policy = TestData.Policy(
            limits:
            [
                .. per.Split(", ")
                    .Select(
                        (subjects, i) =>
                            TestData.Limit(
                                $"{i}",
                                per: subjects.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                            ) with
                            {
                                Epoch = "E",
                            }
                    ),
            ]
        );

        Assert.That(
            string.Join(' ', NamesOf(policy)),
            Is.EqualTo(names.Replace("CLIENT", $"{TestData.Client}", StringComparison.Ordinal))
        );
    }

    private static string[] NamesOf(Policy policy) =>
        [
            .. new KeyedPlan(
                CheckPlan.For(
                    TestData.Client,
                    policy,
                    policy.Limits,
                    "alice",
                    Acme,
                    "search",
                    cost: 1
                )
            ).Counters.Select(counter => $"{counter}"),
        ];
}
