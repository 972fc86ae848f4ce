using System.Globalization;
using NUnit.Framework.Interfaces;

namespace RateLimiter.TestStores;

/// <summary>Prints how far a long run of the tests of an assembly is.</summary>
/// <param name="every">After how many tests it prints a line.</param>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class ProgressAttribute(int every) : Attribute, ITestAction
{
    private static int finished;

    public int Every => every;

    public ActionTargets Targets => ActionTargets.Test;

    public void BeforeTest(ITest test) { }

    public void AfterTest(ITest test)
    {
        var count = Interlocked.Increment(ref finished);
        if (count % every == 0)
        {
            TestContext.Progress.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{count} of {All(test).TestCaseCount} tests; the last was {test.FullName}"
                )
            );
        }
    }

    private static ITest All(ITest test) => test.Parent is { } parent ? All(parent) : test;
}
