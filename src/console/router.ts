/** Where the reader is: the part of the address behind `#`, which no server sees. */
import { useEffect, useState } from "preact/hooks";

/** A page, and what it is about. */
export type Place =
  | { readonly page: "overview" | "topics" | "groups" | "broker" }
  | { readonly page: "topic"; readonly topic: string; readonly tab: TopicTab }
  | { readonly page: "group"; readonly group: string };

export const topicTabs = ["records", "partitions", "settings"] as const;
export type TopicTab = (typeof topicTabs)[number];

/** What leads there. */
export function linkTo(place: Place): string {
  switch (place.page) {
    case "topic": {
      const tab = place.tab === "records" ? "" : `/${place.tab}`;
      return `#/topics/${encodeURIComponent(place.topic)}${tab}`;
    }
    case "group":
      return `#/groups/${encodeURIComponent(place.group)}`;
    case "overview":
      return "#/";
    default:
      return `#/${place.page}`;
  }
}

/** Goes there. */
export function goTo(place: Place): void {
  location.hash = linkTo(place);
}

/** The place that an address means; what means none is the overview. */
function placeOf(hash: string): Place {
  const [page = "", name = "", tab = ""] = hash.replace(/^#\/?/, "").split("/").map(decoded);
  if (page === "topics" && name !== "") {
    return { page: "topic", topic: name, tab: topicTabs.find((each) => each === tab) ?? "records" };
  }
  if (page === "groups" && name !== "") return { page: "group", group: name };
  if (page === "topics" || page === "groups" || page === "broker") return { page };
  return { page: "overview" };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    if (error instanceof URIError) return segment;
    throw error;
  }
}

/** The place now; renders again when it changes. */
export function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  useEffect(() => {
    const changed = (): void => setPlace(placeOf(location.hash));
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return place;
}
