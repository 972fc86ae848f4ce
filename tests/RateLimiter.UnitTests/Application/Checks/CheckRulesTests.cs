using RateLimiter.Application.Checks;

namespace RateLimiter.UnitTests.Application.Checks;

public sealed class CheckRulesTests
{
    private static readonly Fields Valid = new("u", "r", null);

    private static IEnumerable<TestCaseData<Fields>> AtTheBounds()
    {
        yield return new(new(Text(1), Text(1), Text(1), 0)) { TestName = "{m}(least)" };
        yield return new(new(Text(256), Text(128), Text(128), 1_000_000_000))
        {
            TestName = "{m}(greatest)",
        };
        yield return new(new(Text(256, "😀"), Text(128, "😀"), Text(128, "😀")))
        {
            TestName = "{m}(greatest, in code points)",
        };
        yield return new(Valid with { Cost = 0, MinCost = 0 }) { TestName = "{m}(cost of 0)" };
        yield return new(Valid with { Cost = 7, MinCost = 1 }) { TestName = "{m}(least part)" };
        yield return new(Valid with { Cost = 7, MinCost = 7 }) { TestName = "{m}(whole part)" };
        yield return new(Valid with { Subjects = Members(8) }) { TestName = "{m}(8 subjects)" };
        yield return new(
            Valid with
            {
                Subjects = Member($"a{new string('_', 63)}", Text(256, "😀")),
            }
        )
        {
            TestName = "{m}(longest subject)",
        };
        yield return new(Valid with { Subjects = Member("a", " :{}") })
        {
            TestName = "{m}(shortest name)",
        };
    }

    [TestCaseSource(nameof(AtTheBounds))]
    public void Validate_AtTheBounds_IsRight(Fields fields) =>
        Assert.That(Faults(fields), Is.Empty);

    private static IEnumerable<TestCaseData<Fields, string>> Wrong()
    {
        yield return Case(new(null, "r", "r"), "user_id: is required");
        yield return Case(new("", "r", "r"), "user_id: must have 1 to 256 characters");
        yield return Case(new(Text(257), "r", "r"), "user_id: must have 1 to 256 characters");
        yield return Case(new("\n", "r", "r"), "user_id: must not contain control characters");
        yield return Case(new("u", null, "r"), "route_key: is required");
        yield return Case(new("u", "", "r"), "route_key: must have 1 to 128 characters");
        yield return Case(new("u", Text(129), "r"), "route_key: must have 1 to 128 characters");
        yield return Case(new("u", "\0", "r"), "route_key: must not contain control characters");
        yield return Case(new("u", "r", ""), "role: must have 1 to 128 characters");
        yield return Case(new("u", "r", Text(129)), "role: must have 1 to 128 characters");
        yield return Case(new("u", "r", "\u0085"), "role: must not contain control characters");
        yield return Case(new("u", "r", null, -1), "cost: must be from 0 to 1000000000");
        yield return Case(new("u", "r", null, 1_000_000_001), "cost: must be from 0 to 1000000000");
        yield return Case(new("u", "r", null, long.MinValue), "cost: must be from 0 to 1000000000");
        yield return Case(
            Valid with
            {
                Cost = 7,
                MinCost = 8,
            },
            "min_cost: must be from 1 to the cost, 7"
        );
        foreach (var least in new[] { 0, -1, long.MinValue })
        {
            yield return Case(
                Valid with
                {
                    MinCost = least,
                },
                "min_cost: must be from 1 to the cost, 1"
            );
        }

        yield return Case(
            Valid with
            {
                Cost = 0,
                MinCost = 1,
            },
            "min_cost: must be 0 with a cost of 0"
        );
        yield return Case(
            Valid with
            {
                Cost = -1,
                MinCost = 1,
            },
            "cost: must be from 0 to 1000000000"
        );
        yield return Case(
            Valid with
            {
                Subjects = Members(9),
            },
            "subjects: must have at most 8 members"
        );
        yield return Case(
            Valid with
            {
                Subjects = Member("user_id", "x"),
            },
            "subjects.user_id: must not be user_id"
        );
        foreach (var name in new[] { "", "A", "1", "_a", "a-b", "a.b", "é", "a ", $"a{Text(64)}" })
        {
            yield return Case(
                Valid with
                {
                    Subjects = Member(name, "x"),
                },
                $"subjects.{name}: must have a name of 1 to 64 characters: first a to z, then a to z, 0 to 9 and _"
            );
        }

        yield return Case(
            Valid with
            {
                Subjects = Member("org", null!),
            },
            "subjects.org: is required"
        );
        yield return Case(
            Valid with
            {
                Subjects = Member("org", ""),
            },
            "subjects.org: must have 1 to 256 characters"
        );
        yield return Case(
            Valid with
            {
                Subjects = Member("org", Text(257)),
            },
            "subjects.org: must have 1 to 256 characters"
        );
        yield return Case(
            Valid with
            {
                Subjects = Member("org", "a\u0085"),
            },
            "subjects.org: must not contain control characters"
        );

        static TestCaseData<Fields, string> Case(Fields fields, string fault) => new(fields, fault);
    }

    [TestCaseSource(nameof(Wrong))]
    public void Validate_OneFieldWrong_NamesItAsTheCallerDoes(Fields fields, string fault) =>
        Assert.That(Faults(fields), Is.EqualTo(new[] { fault }));

    [TestCase(-1, "must be from 0 to 1000000000")]
    [TestCase(0, null)]
    [TestCase(1_000_000_000, null)]
    [TestCase(1_000_000_001, "must be from 0 to 1000000000")]
    public void CostProblem_Cost_SaysWhatIsWrong(long cost, string? message) =>
        Assert.That(CheckRules.CostProblem(cost), Is.EqualTo(message));

    [TestCase(null, "is required")]
    [TestCase(0, "must hold 1 to 1000 checks")]
    [TestCase(1, null)]
    [TestCase(1000, null)]
    [TestCase(1001, "must hold 1 to 1000 checks")]
    public void BatchProblem_SoManyChecks_SaysWhatIsWrong(int? count, string? message) =>
        Assert.That(CheckRules.BatchProblem(count), Is.EqualTo(message));

    private static IEnumerable<string> Faults(Fields fields) =>
        (
            CheckRules.Validate(
                fields.UserId,
                fields.RouteKey,
                fields.Role,
                fields.Cost,
                fields.MinCost,
                fields.Subjects
            ) ?? []
        ).SelectMany(field => field.Value.Select(message => $"{field.Key}: {message}"));

    private static Dictionary<string, string> Member(string name, string value) =>
        new() { [name] = value };

    private static Dictionary<string, string> Members(int count) =>
        Enumerable.Range(0, count).ToDictionary(i => $"s{i}", _ => "x");

    private static string Text(int length, string character = "x") =>
        string.Concat(Enumerable.Repeat(character, length));

    public sealed record Fields(string? UserId, string? RouteKey, string? Role, long Cost = 1)
    {
        public long? MinCost { get; init; }

        public IReadOnlyDictionary<string, string>? Subjects { get; init; }
    }
}
