using DotNetEnv;
using Sprache;

namespace RateLimiter.Api.Hosting;

/// <summary>Settings of the working directory; a variable of the environment wins over one of the file.</summary>
internal static class DotEnvFile
{
    private const string Name = ".env";

    /// <summary>Makes what stands in the file variables of the environment. There need not be one.</summary>
    /// <exception cref="FormatException">
    /// It cannot be read. The message is one line that names the file and the line, and shows nothing of it, which may be a
    /// secret.
    /// </exception>
    public static void Load()
    {
        var path = Path.GetFullPath(Name);
        try
        {
            Env.NoClobber().Load(path);
        }
        catch (ParseException)
        {
            throw new FormatException(
                $"'{path}', line {InvalidLine(path)}, is no setting of the form NAME=VALUE, or a quote in it stays open."
            );
        }
        catch (ArgumentException)
        {
            throw new FormatException($"'{path}' holds a character that no variable can.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"'{path}' cannot be read: {exception.Message}");
        }
    }

    // The one after the longest beginning that is understood. Of a quote that stays open the parser names the end of the file.
    private static int InvalidLine(string path)
    {
        var lines = File.ReadAllLines(path);
        return Enumerable
                .Range(0, lines.Length)
                .Last(count => IsUnderstood(string.Join('\n', lines[..count]))) + 1;
    }

    private static bool IsUnderstood(string text)
    {
        try
        {
            Env.LoadContents(text, Env.NoEnvVars());
            return true;
        }
        catch (ParseException)
        {
            return false;
        }
    }
}
